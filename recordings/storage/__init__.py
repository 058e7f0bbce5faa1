"""Stored recordings: a local directory or an S3 bucket behind one small interface, `RecordingStore`.

A row keeps the key it was given by `new_key`; nothing guesses paths, and a key is never used twice. This package
is the only user of object stores and of the directory of finished recordings.
"""

import os
from functools import lru_cache

from django.conf import settings

from recordings.storage.base import (
    BLOCK,
    SIGNED_URL_LIMIT,
    AlreadyStored,
    DeletionIncomplete,
    ObjectDamaged,
    ObjectMissing,
    RangeReader,
    RecordingStore,
    StorageError,
    StorageUnavailable,
    StoredObject,
    new_key,
)
from recordings.storage.local import LocalStore

__all__ = [
    "BLOCK",
    "SIGNED_URL_LIMIT",
    "AlreadyStored",
    "DeletionIncomplete",
    "ObjectDamaged",
    "ObjectMissing",
    "RangeReader",
    "RecordingStore",
    "StorageError",
    "StorageUnavailable",
    "StoredObject",
    "current_store",
    "new_key",
    "store_for",
]


def current_store() -> RecordingStore:
    """The store that new recordings go to."""
    return store_for(settings.SORTIE_RECORDING_STORAGE_BACKEND)


def store_for(name: str) -> RecordingStore:
    """The store called `name` (a row's `storage_backend`), as set up now. Raises ValueError for an unknown one."""
    if name == "local":
        return LocalStore(settings.SORTIE_RECORDING_STORAGE_PATH)
    if name == "s3":
        return _s3_store(
            settings.SORTIE_RECORDING_S3_BUCKET,
            settings.SORTIE_RECORDING_S3_REGION,
            settings.SORTIE_RECORDING_S3_ENDPOINT,
            settings.SORTIE_RECORDING_S3_PREFIX,
            os.getpid(),
        )
    raise ValueError(f"{name!r} is not a recording store")


@lru_cache(maxsize=8)
def _s3_store(bucket: str, region: str, endpoint: str, prefix: str, _process: int) -> RecordingStore:
    """One client for all threads of a process; a forked child makes its own, as sockets cannot be shared."""
    # boto3 costs 30 MB and a third of a second, which a portal on local disk need not pay.
    from recordings.storage.s3 import S3Store  # noqa: PLC0415

    return S3Store(bucket=bucket, region=region, endpoint=endpoint, prefix=prefix)
