"""Make a recording seekable inside its own file, and get the original back.

Only the bytes before the first cluster and those after the last whole block change; the clusters stay where they
are and nothing is copied. What is overwritten is in the `Edit`, to be saved by the caller before `apply`. From then
on a crash at any point is mended by `restore`, or by `apply` again: both only write fixed bytes to fixed places.

Bytes after the last whole block are hidden by a Void element whose header overwrites the first nine of them; fewer
than ten are cut off. So the original is

    original_head + object[body_start:cut] + tail_saved + object[cut + len(tail_saved):]

which `Original` gives out piece by piece.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from recordings.media import ebml
from recordings.media.seekable import seekable_head
from recordings.media.webm import Scan

SHORTEST_HIDDEN = 10  # bytes; a Void element of that many has a header of nine
VOID_HEADER = 9


@dataclass(frozen=True, slots=True)
class Edit:
    """What `apply` writes, and what that overwrites. Offsets are those of the file, which is `size` bytes long.

    original_head: the bytes before `body_start` as they came (without the room in front of them).
    tail_saved: the bytes from `cut` on that are overwritten or cut off; b"" with `cut` at the end if none are.
    head: stands at offset 0 afterwards and is `body_start` bytes long.
    """

    original_head: bytes = field(repr=False)
    body_start: int
    cut: int
    tail_saved: bytes = field(repr=False)
    head: bytes = field(repr=False)
    size: int


def plan_edit(file: BinaryIO, scan: Scan) -> Edit | None:
    """The edit that makes the scanned recording, which ends with the file, seekable from offset 0 on; None if it is
    seekable as it came. Changes nothing."""
    if scan.seekable:
        return None
    hidden = scan.end - scan.cut
    saved = hidden if hidden < SHORTEST_HIDDEN else VOID_HEADER
    return Edit(
        original_head=_read(file, scan.start, scan.body_start - scan.start),
        body_start=scan.body_start,
        cut=scan.cut,
        tail_saved=_read(file, scan.cut, saved),
        head=seekable_head(scan, room=scan.start),
        size=scan.end,
    )


def apply(file: BinaryIO, edit: Edit) -> None:
    """Carry out `edit` on the file it was planned for, open for writing; again does no harm. Does not sync."""
    hidden = edit.size - edit.cut
    if os.fstat(file.fileno()).st_size not in (edit.size, edit.cut):
        raise ValueError("the file is not the one this edit was planned for")
    if hidden >= SHORTEST_HIDDEN:
        _write(file, edit.cut, ebml.void_header(hidden))
    elif hidden:
        os.ftruncate(file.fileno(), edit.cut)
    _write(file, 0, edit.head)


def restore(file: BinaryIO, *, start: int, original_head: bytes, cut: int, tail_saved: bytes) -> None:
    """Put the original back, from offset `start` on, whether `apply` was done, half done or not begun. Does not
    sync."""
    _write(file, start, original_head)
    _write(file, cut, tail_saved)


@dataclass(frozen=True, slots=True)
class Original:
    """The recording as it was sent, in terms of the stored object of `object_size` bytes. An object stored as it
    came has no head, `body_start` 0, `cut` at its end (None), and no tail."""

    object_size: int
    head: bytes = b""
    body_start: int = 0
    cut: int | None = None
    tail: bytes = b""

    @property
    def size(self) -> int:
        return sum(map(len, self._pieces()))

    def pieces(self, start: int = 0, length: int | None = None) -> Iterator[bytes | range]:
        """The original's bytes from `start` on, `length` of them (default: to the end), in order: either the bytes
        themselves, or the range of offsets in the object where they are."""
        stop = self.size if length is None else min(self.size, start + length)
        at = 0
        for piece in self._pieces():
            wanted = piece[max(0, start - at) : max(0, stop - at)]
            if wanted:
                yield wanted
            at += len(piece)

    def _pieces(self) -> list[bytes | range]:
        cut = self.object_size if self.cut is None else self.cut
        after = min(cut + len(self.tail), self.object_size)
        return [self.head, range(self.body_start, cut), self.tail, range(after, self.object_size)]


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    data = os.pread(file.fileno(), length, at)
    if len(data) < length:
        raise ValueError("the file has become shorter")
    return data


def _write(file: BinaryIO, at: int, data: bytes) -> None:
    while data:
        written = os.pwrite(file.fileno(), data, at)
        at, data = at + written, data[written:]
