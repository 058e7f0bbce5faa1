"""Recordings in an S3 bucket, through django-storages' connection and the boto3 client under it."""

import io
import logging
import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from recordings.storage.base import (
    BLOCK,
    SIGNED_URL_LIMIT,
    AlreadyStored,
    DeletionIncomplete,
    ObjectDamaged,
    ObjectMissing,
    RangeReader,
    StorageUnavailable,
    StoredObject,
    checked,
    is_key,
    open_sealed,
)
from recordings.storage.connection import code, connect, passing

logger = logging.getLogger(__name__)

PART = 16 * 1024 * 1024
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_MOST_PARTS = 10_000
_DELETE_BATCH = 1_000
_DELETES_AT_ONCE = 4
_LOOKED_AT = 8  # of each such batch
_PARTS_AT_ONCE = 2
_LOOKS_AT_ONCE = 8


class S3Store:
    """A `RecordingStore` in `bucket`, its keys below `prefix`. Credentials come from the SDK's own chain.

    Safe to share between threads, not between processes. With an `endpoint`, buckets are addressed by path.
    """

    name = "s3"

    def __init__(
        self,
        *,
        bucket: str,
        region: str,
        endpoint: str = "",
        prefix: str = "",
        read_timeout: float = 60,
        attempts: int = 3,
    ) -> None:
        location = prefix.strip("/")
        self._prefix = f"{location}/" if location else ""
        self._bucket = bucket
        self._storage = connect(
            bucket, region, endpoint=endpoint, location=location, read_timeout=read_timeout, attempts=attempts
        )
        self._client = self._storage.connection.meta.client
        self._conditions = True

    def put(self, key: str, path: Path, *, content_type: str) -> None:
        name = self._name(key)
        with open_sealed(path) as file, passing():
            size = os.fstat(file.fileno()).st_size
            tag = None if self._find(name) else self._send(name, file, size, content_type)
            stored = self._facts(key)
            # Somebody was before us, or, where conditions are kept carelessly, behind us.
            if stored["ETag"] != tag:
                self._compare(key, file, size)
            elif stored["ContentLength"] != size:
                self.delete([key])
                raise StorageUnavailable(
                    f"The object store kept {stored['ContentLength']} of {size} bytes; they were removed."
                )

    def size(self, key: str) -> int:
        return int(self._facts(key)["ContentLength"])

    def open_range(self, key: str, start: int, length: int) -> RangeReader:
        if not length:
            self.size(key)
            return RangeReader(io.BytesIO(), 0)
        with passing():
            try:
                reply = self._client.get_object(
                    Bucket=self._bucket, Key=self._name(key), Range=f"bytes={start}-{start + length - 1}"
                )
            except ClientError as error:
                if code(error) == "NoSuchKey":
                    raise ObjectMissing(f"Nothing is stored under {key}.") from error
                if code(error) == "InvalidRange":
                    raise ObjectDamaged(f"The stored object {key} ends before byte {start}.") from error
                raise
        if reply["ContentLength"] != length:
            reply["Body"].close()
            raise ObjectDamaged(f"{length} bytes of {key} were asked for, {reply['ContentLength']} are there.")
        return RangeReader(reply["Body"], length, passing)

    @contextmanager
    def as_file(self, key: str) -> Iterator[BinaryIO]:
        with tempfile.TemporaryFile() as file, self.open_range(key, 0, self.size(key)) as stored:
            for block in stored:
                file.write(block)
            file.flush()
            file.seek(0)
            yield file

    def delete(self, keys: Iterable[str]) -> None:
        wanted = {self._name(key): key for key in keys}
        with passing():
            versioned = self._is_versioned()
            there = self._versions if versioned else self._current
            targets = list(self._versions(wanted)) if versioned else [{"Key": name} for name in wanted]
            batches = [targets[at : at + _DELETE_BATCH] for at in range(0, len(targets), _DELETE_BATCH)]
            with ThreadPoolExecutor(_DELETES_AT_ONCE, "s3-delete") as pool:
                reasons = dict(chain.from_iterable(pool.map(self._delete_batch, batches)))
            # Whatever is gone was confirmed by its name. To look for every one would cost what deleting them one by
            # one does; a store that only says so is found out by some of each batch, and then all are looked for.
            some = [entry["Key"] for batch in batches for entry in batch[:_LOOKED_AT]]
            doubted = reasons or any(there(some))
            left = {entry["Key"] for entry in there(wanted)} if doubted else set[str]()
        if left:
            raise DeletionIncomplete({wanted[name]: reasons.get(name, "it is still there") for name in left})

    def _delete_batch(self, entries: list[dict[str, str]]) -> list[tuple[str, str]]:
        """Delete these in one request; the names of those that the store does not confirm, and why it says."""
        reply = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": entries})
        confirmed = {(entry["Key"], entry.get("VersionId", "")) for entry in reply.get("Deleted", ())}
        errors = {entry["Key"]: entry.get("Message") or entry.get("Code", "") for entry in reply.get("Errors", ())}
        return [
            (entry["Key"], errors.get(entry["Key"], "the store did not confirm it"))
            for entry in entries
            if (entry["Key"], entry.get("VersionId", "")) not in confirmed
        ]

    def signed_url(self, key: str, *, expires: timedelta, content_type: str, disposition: str) -> str | None:
        if not timedelta(0) < expires <= SIGNED_URL_LIMIT:
            raise ValueError(f"a signed URL lives at most {SIGNED_URL_LIMIT}, not {expires}")
        answer = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
        with passing():
            return str(self._storage.url(checked(key), answer, int(expires.total_seconds())))

    def entity_tag(self, key: str) -> str | None:
        return str(self._facts(key)["ETag"])

    def keys(self) -> Iterator[StoredObject]:
        with passing():
            for entry in self._pages("list_objects_v2", ("Contents",), self._prefix):
                key = entry["Key"].removeprefix(self._prefix)
                if is_key(key):
                    yield StoredObject(key, entry["Size"], entry["LastModified"])

    def sweep(self, *, before: datetime) -> int:
        swept = 0
        with passing():
            for upload in self._pages("list_multipart_uploads", ("Uploads",), self._prefix):
                if upload["Initiated"] < before and is_key(upload["Key"].removeprefix(self._prefix)):
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    swept += 1
        return swept

    def check(self) -> list[str]:
        try:
            with passing():
                self._client.head_bucket(Bucket=self._bucket)
        except StorageUnavailable as error:
            return [
                f"The bucket {self._bucket!r} cannot be used. {error} Check SORTIE_RECORDING_S3_BUCKET, _REGION "
                "and _ENDPOINT, and the AWS credentials."
            ]
        return []

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)

    def _facts(self, key: str) -> dict[str, Any]:
        found = self._find(self._name(key))
        if found is None:
            raise ObjectMissing(f"Nothing is stored under {key}.")
        return found

    def _find(self, name: str) -> dict[str, Any] | None:
        """What HEAD says of an object, None if there is no such object."""
        with passing():
            try:
                found: dict[str, Any] = self._client.head_object(Bucket=self._bucket, Key=name)
                return found
            except ClientError as error:
                if code(error) != "404":
                    raise
            # Without a bucket every object seems missing, and "missing" would be taken for "deleted".
            self._client.head_bucket(Bucket=self._bucket)
            return None

    def _send(self, name: str, file: BinaryIO, size: int, content_type: str) -> str | None:
        """Upload the file; its ETag, or None if there is an object of that name, which then is untouched."""
        facts = {"ContentType": content_type, "CacheControl": "private"}
        target = {"Bucket": self._bucket, "Key": name}
        try:
            if size <= PART:
                return self._create(self._client.put_object, Body=_Slice(file, 0, size), **target, **facts)
            upload = self._client.create_multipart_upload(**target, **facts)["UploadId"]
            return self._send_parts({**target, "UploadId": upload}, file, size)
        except ClientError as error:
            if code(error) == "PreconditionFailed":
                return None
            raise

    def _send_parts(self, target: dict[str, str], file: BinaryIO, size: int) -> str:
        length = max(PART, -(-size // _MOST_PARTS))

        def send(number: int) -> dict[str, Any]:
            start = (number - 1) * length
            body = _Slice(file, start, min(length, size - start))
            reply = self._client.upload_part(PartNumber=number, Body=body, **target)
            return {"PartNumber": number, "ETag": reply["ETag"]}

        try:
            with ThreadPoolExecutor(_PARTS_AT_ONCE, "s3-upload") as pool:
                parts = list(pool.map(send, range(1, -(-size // length) + 1)))
            finish = self._client.complete_multipart_upload
            return self._create(finish, MultipartUpload={"Parts": parts}, **target)
        except BaseException:
            self._abort(target)
            raise

    def _abort(self, target: dict[str, str]) -> None:
        try:
            self._client.abort_multipart_upload(**target)
        except (BotoCoreError, ClientError) as error:
            logger.warning("An unfinished upload stays in the bucket until the next sweep: %s", error)

    def _create(self, call: Callable[..., Any], **arguments: Any) -> str:
        """The call that makes an object visible, refused by the server if there is one of that name; the ETag."""
        if self._conditions:
            try:
                return str(call(IfNoneMatch="*", **arguments)["ETag"])
            except ClientError as error:
                if code(error) != "NotImplemented":
                    raise
                logger.warning("The object store knows no conditional writes: %s", error)
                self._conditions = False
        if "Body" in arguments:
            arguments["Body"].seek(0)
        return str(call(**arguments)["ETag"])

    def _compare(self, key: str, file: BinaryIO, size: int) -> None:
        """Raises AlreadyStored unless the object holds what `file` holds."""
        same = self.size(key) == size
        if same:
            with self.open_range(key, 0, size) as stored, io.BufferedReader(_Slice(file, 0, size)) as ours:
                same = all(block == ours.read(len(block)) for block in stored)
        if not same:
            raise AlreadyStored(f"Another recording is stored as {key} already.")

    def _is_versioned(self) -> bool:
        try:
            return "Status" in self._client.get_bucket_versioning(Bucket=self._bucket)
        except ClientError as error:
            if code(error) not in ("AccessDenied", "NotImplemented", "MethodNotAllowed"):
                raise
            logger.warning("Older versions of objects, if the bucket keeps any, are not deleted: %s", error)
            return False

    def _current(self, names: Collection[str]) -> Iterator[dict[str, str]]:
        # By name: where very many have just been deleted, there are stores that take minutes to list anything.
        with ThreadPoolExecutor(_LOOKS_AT_ONCE, "s3-look") as pool:
            for name, found in zip(names, pool.map(self._find, names), strict=True):
                if found is not None:
                    yield {"Key": name}

    def _versions(self, names: Collection[str]) -> Iterator[dict[str, str]]:
        asked = set(names)
        folders = sorted({name.rpartition("/")[0] + "/" for name in asked})

        def read(folder: str) -> list[dict[str, Any]]:
            return list(self._pages("list_object_versions", ("Versions", "DeleteMarkers"), folder))

        with ThreadPoolExecutor(_LOOKS_AT_ONCE, "s3-look") as pool:
            for entry in chain.from_iterable(pool.map(read, folders)):
                if entry["Key"] in asked:
                    yield {"Key": entry["Key"], "VersionId": entry["VersionId"]}

    def _pages(self, call: str, kinds: Sequence[str], prefix: str) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator(call).paginate(Bucket=self._bucket, Prefix=prefix):
            for kind in kinds:
                yield from page.get(kind, ())


class _Slice(io.RawIOBase):
    """`length` bytes of an open file from `start`, with its own position: parts are read side by side."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file, self._start, self._length, self._at = file, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Raises OSError where the file ends early: sending less than announced would leave the server waiting."""
        wanted = min(len(buffer), self._length - self._at, BLOCK)
        data = os.pread(self._file.fileno(), wanted, self._start + self._at) if wanted > 0 else b""
        if wanted > 0 and not data:
            raise OSError("the file became shorter while it was uploaded")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
