"""The form in which a terminal recording is stored, and how the uploaded bytes come out of it again.

One object, of which the first part is what players are given:

    PLAYED | UPLOADED

PLAYED is one gzip member of a cast of version 2 or 3 that every reader takes as it is: no line is damaged, cut off
or odd. It is sent with `Content-Encoding: gzip`, or decompressed on the way. UPLOADED is there only where PLAYED
does not give the upload back. There are these cases:

    the upload was                               PLAYED                      UPLOADED    the original is
    a clean cast, plain                          it, compressed              nothing     PLAYED, decompressed
    a clean cast, one gzip member                it, as it came              nothing     PLAYED, as it is
    another cast, plain (version 1, repaired)    version 2, compressed       compressed  UPLOADED, decompressed
    another cast, gzip                           version 2, compressed       as it came  UPLOADED, as it is
    any with typed input, where policy strips it version 2, compressed       nothing     PLAYED, decompressed

In the last case what was uploaded is gone, on purpose, and the original is what was kept of it. One object rather
than two is either there or not, and is deleted at once. A cast of version 3 stays version 3, which the player and
asciinema 3 read: it is converted when somebody downloads it for an older program, and not stored twice.
"""

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from recordings.media.asciicast import packing
from recordings.media.asciicast.events import INPUT
from recordings.media.asciicast.reading import Cast
from recordings.media.asciicast.scan import CastScan
from recordings.media.asciicast.source import GZIP
from recordings.media.asciicast.writing import events_of, version_2
from recordings.media.limits import CastLimits

BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """Where things are in a stored object of `size` bytes.

    played: its first so many bytes are PLAYED. plain: bytes of that once it is decompressed.
    original_packed: the original has to be decompressed.
    original_start: where the original begins in the object. From 0 it goes on to `played`, else to the end.
    original_size, original_sha256: of the original, as it is given out.
    """

    size: int
    played: int
    plain: int
    original_start: int
    original_packed: bool
    original_size: int
    original_sha256: str

    @property
    def original_stop(self) -> int:
        return self.size if self.original_start else self.played


def keep(
    file: BinaryIO,
    scan: CastScan,
    sink: BinaryIO,
    *,
    with_input: bool,
    start: int = 0,
    end: int | None = None,
    limits: CastLimits | None = None,
) -> Kept:
    """Write the object for the scanned cast in the bytes `start` to `end` of `file` to `sink`.

    `with_input` False leaves out what was typed, for good. The file is read twice at most, in blocks.
    """
    end = os.fstat(file.fileno()).st_size if end is None else end
    upload = _Upload(file, start, end)
    out = _Counted(sink)
    if scan.events[INPUT] and not with_input:
        stripped = _Hashed(version_2_of(Cast(file, start=start, end=end, limits=limits), with_input=False))
        packing.pack(stripped, out)
        return Kept(out.size, out.size, stripped.size, 0, True, stripped.size, stripped.sha256)
    uploaded = _Hashed(upload.blocks())
    if scan.clean and not scan.gzip:
        packing.pack(uploaded, out)
        return Kept(out.size, out.size, uploaded.size, 0, True, uploaded.size, uploaded.sha256)
    plain = scan.plain_bytes
    if not (scan.clean and scan.members == 1):
        written = _Hashed(version_2_of(Cast(file, start=start, end=end, limits=limits), with_input=True))
        packing.pack(written, out)
        plain = written.size
    played = out.size
    if scan.gzip:
        for block in uploaded:
            out.write(block)
    else:
        packing.pack(uploaded, out)
    return Kept(out.size, played or out.size, plain, played, not scan.gzip, uploaded.size, uploaded.sha256)


def version_2_of(cast: Cast, *, with_input: bool) -> Iterator[bytes]:
    """Any cast as version 2, repaired where need be, up to its last whole event."""
    return version_2(cast.header, events_of(cast, with_input=with_input))


def unpacked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """What one gzip member, written by `keep`, holds; in blocks of at most a megabyte."""
    inflate = zlib.decompressobj(GZIP)
    for block in blocks:
        while block:
            yield inflate.decompress(block, BLOCK)
            block = inflate.unconsumed_tail


class _Upload:
    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._fd, self._start, self._end = file.fileno(), start, end

    def blocks(self) -> Iterator[bytes]:
        at = self._start
        while data := os.pread(self._fd, max(0, min(BLOCK, self._end - at)), at):
            yield data
            at += len(data)


class _Hashed:
    """Blocks on their way through; afterwards their size and SHA-256."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = blocks
        self._digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._digest.update(block)
            self.size += len(block)
            yield block

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class _Counted:
    """A sink that knows how much it was given."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self.size = 0

    def write(self, data: bytes) -> None:
        self._sink.write(data)
        self.size += len(data)
