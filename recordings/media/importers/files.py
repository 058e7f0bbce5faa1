"""Open the files an operator points at: real files only, and nothing that somebody put a link to."""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from recordings.media.errors import MediaError

GZIP_MAGIC = b"\x1f\x8b"
DEEPEST = 32
LARGEST_TEXT = 1 << 20  # bytes of a small file that is read whole
SNIFFED = 4096
BROKEN_OFF = (OSError, EOFError, zlib.error)
"""What reading a compressed file that is cut off or damaged raises."""


class Unreadable(MediaError):
    """A file is missing, may not be read, or is none."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, for reading.

    Raises:
        Unreadable: it is something else, or cannot be had.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.") from None
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Unreadable(f"{path.name} is no file.")
        yield file


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The same, decompressed on the way if it is gzip."""
    with opened(path) as file:
        if file.read(2) == GZIP_MAGIC:
            file.seek(0)
            with gzip.GzipFile(fileobj=file) as inner:
                yield cast(BinaryIO, inner)
        else:
            file.seek(0)
            yield file


def text_of(path: Path) -> str:
    """A small text file, decompressed if need be.

    Raises:
        Unreadable: it cannot be had, or is too large to be what it should be.
    """
    with unpacked(path) as file:
        try:
            data = file.read(LARGEST_TEXT + 1)
        except BROKEN_OFF as error:
            raise Unreadable(f"{path.name} cannot be decompressed: {error}.") from None
    if len(data) > LARGEST_TEXT:
        raise Unreadable(f"{path.name} is too large.")
    return data.decode("utf-8", "replace")


def first_bytes(path: Path) -> bytes:
    """What a file begins with, decompressed if need be; nothing if it cannot be read."""
    try:
        with unpacked(path) as file:
            return file.read(SNIFFED)
    except (Unreadable, *BROKEN_OFF):
        return b""


def folders(path: Path, depth: int = 0) -> Iterator[tuple[Path, list[Path]]]:
    """Every folder from this one down with the files in it, in order. Links are not followed."""
    try:
        items = sorted(os.scandir(path), key=lambda item: item.name)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.") from None
    yield path, [Path(item.path) for item in items if item.is_file(follow_symlinks=False)]
    for item in items:
        if item.is_dir(follow_symlinks=False) and depth < DEEPEST:
            yield from folders(Path(item.path), depth + 1)
