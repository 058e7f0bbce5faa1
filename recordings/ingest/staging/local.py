"""Uploads on the portal's own disk, one file each.

A file begins with `room` unused bytes, a hole that costs no disk, where `finish` can write a longer head without
moving a byte of what was uploaded. The file's size, less the room, is the offset.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from recordings.ingest.staging.base import (
    FREE_SPACE_FLOOR,
    LAST_SPACE,
    SMALL_DISK,
    Busy,
    DiskFull,
    Gone,
    Whole,
    WrongOffset,
)
from recordings.ingest.staging.writeback import Writeback

_SUFFIX = ".part"
_COPY = ".copy"
_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
COPY_BLOCK = 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LocalStaging:
    """`Staging` in the folder `root`, which is made when first needed."""

    name = "local"

    def __init__(self, root: Path) -> None:
        self._root = root

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalStaging) and other._root == self._root

    def __hash__(self) -> int:
        return hash(self._root)

    def create(self, upload_id: UUID, *, room: int, expected: int) -> None:
        self._make_root()
        need_space(self._root, expected, floor=FREE_SPACE_FLOOR)
        with full_disk_told():
            descriptor = os.open(self._path(upload_id), _NEW, 0o600)
            try:
                os.ftruncate(descriptor, room)
                _sync_folder(self._root)
            except BaseException:
                self.remove(upload_id)
                raise
            finally:
                os.close(descriptor)

    def offset(self, upload_id: UUID, *, room: int) -> int:
        with _missing_is_gone():
            descriptor = os.open(self._path(upload_id), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            # Bytes of a piece that is still arriving count as well, and the client may now forget them.
            with full_disk_told():
                sync_data(descriptor)
            return size - room
        finally:
            os.close(descriptor)

    @contextmanager
    def appender(self, upload_id: UUID, *, room: int, at: int) -> Iterator["LocalAppender"]:
        with _missing_is_gone():
            descriptor = os.open(self._path(upload_id), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            appender = LocalAppender(descriptor, room, at)
            appender.check()
            yield appender
        finally:
            os.close(descriptor)

    @contextmanager
    def whole(self, upload_id: UUID, *, room: int, final: bool) -> Iterator[Whole]:
        path = self._path(upload_id)
        if not final:
            # Without the lock: its client may come back at any time, and what is there already stays as it is.
            with self.scratch(upload_id) as copy, copy.open("r+b", buffering=0) as file:
                with _missing_is_gone():
                    copy_file(path, copy)
                yield Whole(file, copy, room, final=False)
            return
        with _missing_is_gone():
            source = path.open("r+b", buffering=0)
        with source:
            try:
                fcntl.flock(source, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"Upload {upload_id} is being worked on.") from None
            yield Whole(source, path, room, final=True)

    @contextmanager
    def scratch(self, upload_id: UUID) -> Iterator[Path]:
        """An empty file next to the staged ones, removed in the end."""
        self._make_root()
        path = self._root / f"{upload_id}.{secrets.token_hex(4)}{_COPY}"
        os.close(os.open(path, _NEW, 0o600))
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def remove(self, upload_id: UUID) -> None:
        self._path(upload_id).unlink(missing_ok=True)

    def abandoned(self, before: datetime) -> Iterator[UUID]:
        if not self._root.is_dir():
            return
        for path in self._root.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime >= before.timestamp():
                    continue
                if path.suffix == _COPY:
                    path.unlink()
                elif path.suffix == _SUFFIX:
                    yield UUID(path.stem)

    def check(self) -> list[str]:
        try:
            self._make_root()
            with self.scratch(UUID(int=0)):
                return []
        except OSError as error:
            return [f"Uploads cannot be written to {self._root} ({error.strerror}); check SORTIE_DATA."]

    def is_full(self) -> bool:
        """Whether there is too little space for any upload to be begun."""
        try:
            need_space(self._root, 0, floor=FREE_SPACE_FLOOR)
        except DiskFull:
            return True
        return False

    def _make_root(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, upload_id: UUID) -> Path:
        return self._root / f"{upload_id}{_SUFFIX}"


class LocalAppender:
    """Takes the file's lock for each block, never while it waits for one: a silent connection locks nobody out."""

    def __init__(self, descriptor: int, room: int, at: int) -> None:
        self._descriptor = descriptor
        self._room = room
        self._at = at
        self._writeback = Writeback(descriptor, room + at)

    def check(self) -> None:
        actual = self._status().st_size - self._room
        if actual != self._at:
            raise WrongOffset(actual)

    def _status(self) -> os.stat_result:
        now = os.fstat(self._descriptor)
        if not now.st_nlink:
            raise Gone("The upload was removed.")
        return now

    def write(self, block: bytes) -> None:
        # Again, for what others have written since: the space that was there at the start was promised to nobody.
        need_space(self._descriptor, len(block), floor=LAST_SPACE)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            self.check()
            with full_disk_told():
                write_at(self._descriptor, block, self._room + self._at)
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._at += len(block)
        self._writeback.reached(self._room + self._at)

    def sync(self) -> int:
        # Some file systems find out only now that they are full.
        with full_disk_told():
            sync_data(self._descriptor)
        self._status()
        return self._at


def need_space(place: Path | int, length: int, *, floor: int) -> None:
    """Raises DiskFull unless `length` bytes more leave `floor` bytes free, or a like share of a small disk."""
    disk = os.statvfs(place)
    free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    if free < length + min(floor, floor * total // SMALL_DISK):
        raise DiskFull


def sync_data(descriptor: int) -> None:
    """Return once what was written survives a power cut. macOS has no fdatasync."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def write_at(descriptor: int, data: bytes, position: int) -> None:
    """All of `data`, also where the system takes it in parts."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, position)
        view, position = view[written:], position + written


def copy_file(source: Path, target: Path, *, skip: int = 0) -> None:
    """Make `target` hold what `source` does from offset `skip` on. Raises DiskFull."""
    with source.open("rb") as from_file, target.open("wb") as to_file, full_disk_told():
        from_file.seek(skip)
        shutil.copyfileobj(from_file, to_file, COPY_BLOCK)
        to_file.flush()
        sync_data(to_file.fileno())


@contextmanager
def filling(target: Path) -> Iterator[BinaryIO]:
    """`target`, empty and open to be written to; in the end what was written is safe. Raises DiskFull."""
    with full_disk_told(), target.open("wb") as file:
        yield file
        file.flush()
        sync_data(file.fileno())


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Raises DiskFull in place of the errors of the system that mean it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull from error
        raise


@contextmanager
def _missing_is_gone() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Gone("Nothing is staged for this upload.") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
