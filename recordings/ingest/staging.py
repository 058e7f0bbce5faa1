"""Uploaded bytes on the portal's own disk, until they are put away.

A staged file begins with `room` unused bytes, a hole that costs no disk, where `finish` can write a longer head
without moving a byte of what was uploaded. After it come the bytes as they arrived, in order: the file's size is
the offset. Whoever writes holds the file's lock; the lock goes with its process.
"""

import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

from django.conf import settings

from recordings.ingest.ahead import Ahead

PAGE = 4096
LEAST_ROOM, MOST_ROOM = PAGE, 128 * PAGE
# Uploads stop while there is still space for the database, logs and the uploads already running.
FREE_SPACE_FLOOR = 64 * 1024 * 1024
_SUFFIX = ".part"


class DiskFull(Exception):
    """The staging disk has no space for the upload."""

    def __init__(self) -> None:
        super().__init__("The portal's disk is full. Nothing was kept of this upload; try again later.")


class Busy(Exception):
    """Another process is writing to the staged file."""


def room_for(length: int) -> int:
    """Bytes to keep free before an upload of `length` bytes: enough for one cue to every 40 kB."""
    pages = -(-length // 2048 // PAGE)
    return min(max(pages * PAGE, LEAST_ROOM), MOST_ROOM)


class Staged:
    """One staged file, open for appending and locked until closed."""

    def __init__(self, upload_id: uuid.UUID, room: int, descriptor: int) -> None:
        self.id = upload_id
        self.room = room
        self._descriptor = descriptor
        self._ahead = Ahead(descriptor, room)

    def write(self, data: bytes) -> None:
        """Append all of `data`.

        Raises:
            DiskFull: less than all of it may have been kept; the file's size says how much.
        """
        # Again, for what others have written since: the space that was there at the start was promised to nobody.
        _need_space(self._descriptor, 0)
        view = memoryview(data)
        with full_disk_told():
            self._ahead.before(len(view))
            while view:
                view = view[os.write(self._descriptor, view) :]
            self._ahead.after(len(data))

    def sync(self) -> None:
        """Nothing more comes: return once the bytes survive a power cut.

        Raises:
            DiskFull: some file systems find out only now.
        """
        with full_disk_told():
            self._ahead.done()
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def create(*, expected: int) -> Staged:
    """A new staged file for about `expected` bytes.

    Raises:
        DiskFull: there is not enough space for them.
    """
    folder = _folder()
    _need_space(folder, expected)
    upload_id, room = uuid.uuid4(), room_for(expected)
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    with full_disk_told():
        descriptor = os.open(path_of(upload_id), flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.ftruncate(descriptor, room)
            os.lseek(descriptor, room, os.SEEK_SET)
            _sync_folder(folder)
        except BaseException:
            os.close(descriptor)
            remove(upload_id)
            raise
    return Staged(upload_id, room, descriptor)


@contextmanager
def sealed(upload_id: uuid.UUID) -> Iterator[BinaryIO]:
    """The staged file, open for reading and changing, locked while it is.

    Raises:
        Busy: another process has it.
        FileNotFoundError: it is gone.
    """
    with path_of(upload_id).open("r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"Upload {upload_id} is being worked on.") from None
        yield file


def sync(file: BinaryIO) -> None:
    """Return once what was changed in a sealed file survives a power cut."""
    os.fdatasync(file.fileno())


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Raises DiskFull in place of the errors of the system that mean it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull from error
        raise


def copy_without_room(upload_id: uuid.UUID, room: int) -> Path:
    """A second file that holds just the uploaded bytes; made anew if it is there. The kernel does the copying."""
    source, target = path_of(upload_id), path_of(upload_id).with_suffix(".whole")
    with source.open("rb") as from_file, target.open("wb") as to_file:
        left = os.fstat(from_file.fileno()).st_size - room
        from_file.seek(room)
        with full_disk_told():
            while left > 0:
                left -= os.sendfile(to_file.fileno(), from_file.fileno(), None, left)
            os.fdatasync(to_file.fileno())
    target.chmod(0o600)
    return target


def remove(upload_id: uuid.UUID) -> None:
    """Forget the staged bytes. Doing it twice is fine."""
    path_of(upload_id).with_suffix(".whole").unlink(missing_ok=True)
    path_of(upload_id).unlink(missing_ok=True)


def abandoned(before: datetime) -> Iterator[uuid.UUID]:
    """Staged files that nobody has written to since `before`, nor is writing to now."""
    for path in _folder().glob(f"*{_SUFFIX}"):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                idle = os.fstat(file.fileno()).st_mtime < before.timestamp()
        except (BlockingIOError, FileNotFoundError):
            continue
        if idle:
            yield uuid.UUID(path.stem)


def path_of(upload_id: uuid.UUID) -> Path:
    return Path(settings.SORTIE_DATA) / "staging" / f"{upload_id}{_SUFFIX}"


def _need_space(place: Path | int, length: int) -> None:
    disk = os.statvfs(place)
    if disk.f_bavail * disk.f_frsize < length + FREE_SPACE_FLOOR:
        raise DiskFull


def _folder() -> Path:
    folder = Path(settings.SORTIE_DATA) / "staging"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
