"""Uploads in the object store: an object for every piece, named by its offset.

A piece is written on condition that there is none of its name, so of two writers at one offset one wins, whichever
web process they came to. The offset is the end of the last piece that follows on the ones before; no process keeps
anything on its disk but the copy it puts together to put an upload away.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO
from uuid import UUID

from botocore.exceptions import ClientError
from django.conf import settings

from recordings.ingest.staging.base import Gone, StagingUnavailable, Whole, WrongOffset
from recordings.ingest.staging.local import LocalStaging, full_disk_told, write_at
from recordings.storage import StorageUnavailable
from recordings.storage.connection import code, connect, passing

PIECE = 8 * 1024 * 1024
BLOCK = 1024 * 1024
_BEGUN = "begun"
# There is such an object, or somebody is writing one.
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
_DIGITS = 15
_DELETE_BATCH = 1_000
_REMEMBERED = 4096


class S3Staging:
    """`Staging` below `prefix` of `bucket`; uploads are put together on the disk of `scratch`."""

    name = "s3"

    def __init__(self, *, bucket: str, region: str, endpoint: str, prefix: str, scratch: LocalStaging) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/"
        self._scratch = scratch
        self._client: Any = connect(bucket, region, endpoint=endpoint, location="").connection.meta.client
        # What was contiguous stays so: an offset once seen saves listing the pieces before the next one.
        self._ends: OrderedDict[UUID, int] = OrderedDict()

    def create(self, upload_id: UUID, *, room: int, expected: int) -> None:
        with _available():
            self._client.put_object(Bucket=self._bucket, Key=f"{self._folder(upload_id)}{_BEGUN}", Body=b"")

    def offset(self, upload_id: UUID, *, room: int) -> int:
        end = self._ends.get(upload_id, 0)
        with _available():
            for start, size in self._pieces(upload_id, first=end):
                if start != end:
                    break
                end += size
        self._remember(upload_id, end)
        return end

    @contextmanager
    def appender(self, upload_id: UUID, *, room: int, at: int) -> Iterator["S3Appender"]:
        if self._ends.get(upload_id) != at:
            actual = self.offset(upload_id, room=room)
            if actual != at:
                raise WrongOffset(actual)
        yield S3Appender(self, upload_id, at)

    @contextmanager
    def whole(self, upload_id: UUID, *, room: int, final: bool) -> Iterator[Whole]:
        with self._scratch.scratch(upload_id) as path, path.open("r+b", buffering=0) as file:
            with _available(), full_disk_told():
                self._put_together(upload_id, file, room)
            yield Whole(file, path, room, final=False)

    def _put_together(self, upload_id: UUID, file: BinaryIO, room: int) -> None:
        os.ftruncate(file.fileno(), room)
        end = 0
        for start, size in self._pieces(upload_id):
            if start != end:
                break
            body = self._client.get_object(Bucket=self._bucket, Key=self._key(upload_id, start))["Body"]
            while block := body.read(BLOCK):
                write_at(file.fileno(), block, room + end)
                end += len(block)
            if end != start + size:
                raise StagingUnavailable(f"A piece of upload {upload_id} broke off while it was read.")

    def remove(self, upload_id: UUID) -> None:
        self._ends.pop(upload_id, None)
        with _available():
            names = [entry["Key"] for entry in self._listed(self._folder(upload_id))]
            for at in range(0, len(names), _DELETE_BATCH):
                batch = [{"Key": name} for name in names[at : at + _DELETE_BATCH]]
                self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True})

    def abandoned(self, before: datetime) -> Iterator[UUID]:
        newest: dict[UUID, datetime] = {}
        with _available():
            for entry in self._listed(self._prefix):
                upload_id = _id_in(entry["Key"].removeprefix(self._prefix))
                if upload_id:
                    newest[upload_id] = max(entry["LastModified"], newest.get(upload_id, entry["LastModified"]))
        yield from (upload_id for upload_id, modified in newest.items() if modified < before)

    def check(self) -> list[str]:
        problems = self._scratch.check()
        try:
            with passing():
                self._client.head_bucket(Bucket=self._bucket)
        except StorageUnavailable as error:
            problems.append(f"Uploads cannot be staged in the bucket {self._bucket!r}. {error}")
        return problems

    def put_piece(self, upload_id: UUID, at: int, data: bytes) -> None:
        """Store the piece at offset `at`. Raises WrongOffset if there is one already."""
        with _available():
            try:
                self._client.put_object(
                    Bucket=self._bucket, Key=self._key(upload_id, at), Body=data, IfNoneMatch="*"
                )
            except ClientError as error:
                if code(error) not in _TAKEN:
                    raise
                actual = self.offset(upload_id, room=0)
                if actual == at:  # whoever was at it has not succeeded either
                    raise
                raise WrongOffset(actual) from error
        self._remember(upload_id, at + len(data))

    def _remember(self, upload_id: UUID, end: int) -> None:
        self._ends[upload_id] = end
        while len(self._ends) > _REMEMBERED:
            self._ends.popitem(last=False)

    def _pieces(self, upload_id: UUID, *, first: int = 0) -> Iterator[tuple[int, int]]:
        """Offset and size of every piece from offset `first` on, in order. Raises Gone."""
        folder = self._folder(upload_id)
        begun = False  # by its name the object of that name comes after all pieces
        for entry in self._listed(folder, after=self._key(upload_id, first - 1) if first else ""):
            begun = True
            name = entry["Key"].removeprefix(folder)
            if name.isdigit():
                yield int(name), entry["Size"]
        if not begun:
            raise Gone("Nothing is staged for this upload.")

    def _listed(self, prefix: str, *, after: str = "") -> Iterator[dict[str, Any]]:
        lister = self._client.get_paginator("list_objects_v2")
        pages = lister.paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after)
        for page in pages:
            yield from page.get("Contents", ())

    def _folder(self, upload_id: UUID) -> str:
        return f"{self._prefix}{upload_id}/"

    def _key(self, upload_id: UUID, at: int) -> str:
        return f"{self._folder(upload_id)}{at:0{_DIGITS}d}"


class S3Appender:
    """Collects blocks to pieces of at most 8 MiB; the last one is written by `sync`."""

    def __init__(self, place: S3Staging, upload_id: UUID, at: int) -> None:
        self._place = place
        self._upload_id = upload_id
        self._at = at
        self._blocks: list[bytes] = []
        self._held = 0

    def write(self, block: bytes) -> None:
        self._blocks.append(block)
        self._held += len(block)
        if self._held >= PIECE:
            self.sync()

    def sync(self) -> int:
        if self._held:
            self._place.put_piece(self._upload_id, self._at, b"".join(self._blocks))
            self._at += self._held
            self._blocks, self._held = [], 0
        return self._at


def s3_staging(scratch: LocalStaging) -> S3Staging:
    """The staging that the settings describe; one client for all threads of a process."""
    return _staging(
        settings.SORTIE_RECORDING_S3_BUCKET,
        settings.SORTIE_RECORDING_S3_REGION,
        settings.SORTIE_RECORDING_S3_ENDPOINT,
        settings.SORTIE_STAGING_S3_PREFIX,
        scratch,
        os.getpid(),
    )


@lru_cache(maxsize=8)
def _staging(
    bucket: str, region: str, endpoint: str, prefix: str, scratch: LocalStaging, _process: int
) -> S3Staging:
    return S3Staging(bucket=bucket, region=region, endpoint=endpoint, prefix=prefix, scratch=scratch)


def _id_in(name: str) -> UUID | None:
    try:
        return UUID(name.partition("/")[0])
    except ValueError:
        return None


@contextmanager
def _available() -> Iterator[None]:
    try:
        with passing():
            yield
    except StorageUnavailable as error:
        raise StagingUnavailable(str(error)) from error
