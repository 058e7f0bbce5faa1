"""Uploaded bytes until they are put away: on the portal's own disk, or in the object store."""

import logging
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.conf import settings

from recordings.ingest.staging.base import (
    Appender,
    Busy,
    DiskFull,
    Gone,
    Staging,
    StagingUnavailable,
    Whole,
    WrongOffset,
    room_for,
)
from recordings.ingest.staging.local import LocalStaging, copy_file, filling, full_disk_told, sync_data

__all__ = [
    "Appender",
    "Busy",
    "DiskFull",
    "Gone",
    "Staging",
    "StagingUnavailable",
    "Whole",
    "WrongOffset",
    "copy_file",
    "current",
    "disk_is_full",
    "drop",
    "filling",
    "full_disk_told",
    "room_for",
    "scratch_disk",
    "sync_data",
]

logger = logging.getLogger(__name__)


def current() -> Staging:
    """Where uploads are staged, by setting."""
    if settings.SORTIE_STAGING_BACKEND == "s3":
        from recordings.ingest.staging.s3 import s3_staging

        return s3_staging(scratch_disk())
    return scratch_disk()


def drop(upload_id: UUID) -> bool:
    """Forget an upload that nobody needs any more. False if staging is away: the hourly clean-up does it then."""
    try:
        current().remove(upload_id)
    except StagingUnavailable as error:
        logger.warning("The bytes of upload %s stay until the next clean-up: %s", upload_id, error)
        return False
    return True


def scratch_disk() -> LocalStaging:
    """The portal's own disk, where S3 staging also puts uploads together before they are put away."""
    return _on_disk(settings.SORTIE_DATA)


def disk_is_full() -> bool:
    """Whether uploads are refused because there is too little space on the portal's own disk."""
    return scratch_disk().is_full()


@lru_cache(maxsize=8)
def _on_disk(data: Path) -> LocalStaging:
    return LocalStaging(Path(data) / "staging")
