"""Files to store, and ways to look at what a store holds."""

import secrets
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

from recordings.storage import AlreadyStored, RecordingStore, new_key
from recordings.storage.s3 import PART as PART  # what goes up to S3 in one piece

WEBM = "video/webm"
SOON = timedelta(seconds=60)
MIB = 1024 * 1024


def key(extension: str = "webm") -> str:
    return new_key(uuid.uuid4(), extension)


def staged(folder: Path, data: bytes) -> Path:
    path = folder / f"staged-{secrets.token_hex(4)}.html"
    path.write_bytes(data)
    return path


def put_wins(store: RecordingStore, name: str, path: Path) -> bool:
    """Put the file; False if another was stored before it."""
    try:
        store.put(name, path, content_type=WEBM)
    except AlreadyStored:
        return False
    return True


def stored_bytes(store: RecordingStore, name: str) -> bytes:
    with store.open_range(name, 0, store.size(name)) as reader:
        return b"".join(reader)


def listed(store: RecordingStore) -> list[str]:
    objects = store.keys()
    return sorted(found.key for found in objects)


PUT_IN_ANOTHER_PROCESS = """
import os, resource, sys
from pathlib import Path
from recordings.storage.local import LocalStore
from recordings.storage.s3 import S3Store
kind, place, key, path, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
store = LocalStore(Path(place)) if kind == "local" else S3Store(bucket="sortie", region="us-east-1", endpoint=place)
store.put(key, Path(path), content_type="video/webm")
"""


def put_elsewhere(kind: str, place: str, name: str, path: Path, limit: int = 0) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", PUT_IN_ANOTHER_PROCESS, kind, place, name, str(path), str(limit)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)
