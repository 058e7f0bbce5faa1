"""Places to stage uploads in, for tests: a disk, a bucket, and what is on them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from recordings.ingest.staging import Staging
from recordings.ingest.staging.local import LocalStaging
from recordings.ingest.staging.s3 import S3Staging
from tests.services import S3Server

ROOM = 4096


@dataclass
class Place:
    """One kind of staging. `another` is the same place as another web process sees it."""

    staging: Staging
    another: Staging
    room: int = ROOM
    begun: list[UUID] = field(default_factory=list)

    def begin(self, data: bytes = b"") -> UUID:
        upload_id = uuid4()
        self.staging.create(upload_id, room=self.room, expected=len(data))
        if data:
            self.append(upload_id, 0, data)
        return upload_id

    def append(self, upload_id: UUID, at: int, *blocks: bytes) -> int:
        return append(self.staging, upload_id, at, *blocks)

    def offset(self, upload_id: UUID) -> int:
        return self.staging.offset(upload_id, room=self.room)

    def content(self, upload_id: UUID) -> bytes:
        with self.another.whole(upload_id, room=self.room, final=False) as whole:
            return whole.path.read_bytes()[whole.room :]


def append(staging: Staging, upload_id: UUID, at: int, *blocks: bytes) -> int:
    with staging.appender(upload_id, room=ROOM, at=at) as out:
        for block in blocks:
            out.write(block)
        return out.sync()


def on_disk(folder: Path) -> Place:
    return Place(LocalStaging(folder), LocalStaging(folder))


def in_bucket(server: S3Server, prefix: str, folder: Path, patch: pytest.MonkeyPatch) -> Place:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(name, server.environment()[name])

    def one() -> S3Staging:
        return S3Staging(
            bucket=server.bucket,
            region=server.region,
            endpoint=server.endpoint,
            prefix=prefix,
            scratch=LocalStaging(folder),
        )

    return Place(one(), one())


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of that size, mounted at `folder`; skips the test where that is not allowed."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
