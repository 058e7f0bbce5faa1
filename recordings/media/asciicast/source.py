"""The text of a cast, plain or gzip, in bounded blocks, read by position and as often as wanted."""

import os
import time
import zlib
from codecs import utf_8_decode
from collections.abc import Iterator
from typing import BinaryIO

from recordings.media.asciicast.repairs import Condition, Repair
from recordings.media.errors import CastBeyondLimits, DamagedCast, NotCast, TookTooLong
from recordings.media.limits import CastLimits

GZIP_MAGIC = b"\x1f\x8b"
GZIP = 31  # wbits: deflate with gzip's header and checksum
BOM = "\ufeff"
PACKED_BLOCK = 64 * 1024
BLOCK = 1024 * 1024


class Source:
    """The bytes `start` to `end` of an open file with a descriptor; its position is neither used nor moved."""

    def __init__(self, file: BinaryIO, start: int, end: int | None, limits: CastLimits) -> None:
        self._fd = file.fileno()
        self._start = start
        self._end = os.fstat(self._fd).st_size if end is None else end
        self._limits = limits
        self._deadline = 0.0

    def first(self, size: int) -> bytes:
        """The first bytes, as they are."""
        return self._read(self._start, size)

    def blocks(self, condition: Condition) -> Iterator[str]:
        """All text from the front, in blocks of about a million characters; notes in `condition` what it is like.

        Raises:
            NotCast: it is empty.
            DamagedCast: the gzip data is wrong. Where it only breaks off, that is noted.
            CastBeyondLimits: it is too much.
            TookTooLong: it takes more processor time than it may.
        """
        tail = b""
        for data in self._plain(condition):
            is_first = condition.plain_bytes == len(data)
            text, tail = _decoded(tail + data if tail else data, condition)
            if is_first and text.startswith(BOM):
                condition.note(Repair.FORM)
                text = text[1:]
            yield text
        if tail:
            condition.note(Repair.CHARACTERS)
            yield tail.decode("utf-8", "replace")

    def _plain(self, condition: Condition) -> Iterator[bytes]:
        self._deadline = time.thread_time() + self._limits.seconds
        condition.gzip = self.first(len(GZIP_MAGIC)) == GZIP_MAGIC
        for data in self._inflated(condition) if condition.gzip else self._as_it_is():
            condition.plain_bytes += len(data)
            if condition.plain_bytes > self._limits.plain_bytes:
                raise CastBeyondLimits(
                    f"The recording comes to more than {self._limits.plain_bytes >> 20:,} MB of text."
                )
            if time.thread_time() > self._deadline:
                raise TookTooLong(
                    f"Reading the recording took more than {self._limits.seconds:g} seconds of processor time."
                )
            yield data
        if not condition.plain_bytes:
            raise NotCast("The file is empty: nothing was recorded.")

    def _as_it_is(self) -> Iterator[bytes]:
        at = self._start
        while data := self._read(at, BLOCK):
            at += len(data)
            yield data

    def _inflated(self, condition: Condition) -> Iterator[bytes]:
        """What gzip members hold, one after the other. Zeros may follow, as disks and tapes leave them."""
        at = self._start
        inflate = self._member(condition)
        while packed := self._read(at, PACKED_BLOCK):
            at += len(packed)
            while packed:
                if inflate.eof:
                    packed = packed.lstrip(b"\0")
                    if not packed:
                        condition.note(Repair.FORM)
                        break
                    inflate = self._member(condition)
                data = _inflate(inflate, packed)
                packed = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
                self._check_growth(condition.plain_bytes + len(data), at - self._start)
                if data:
                    yield data
        if not inflate.eof:
            condition.cut = True
            yield inflate.flush()

    def _member(self, condition: Condition) -> "zlib._Decompress":
        condition.members += 1
        if condition.members > self._limits.members:
            raise CastBeyondLimits(f"The file consists of more than {self._limits.members:,} gzip members.")
        return zlib.decompressobj(GZIP)

    def _check_growth(self, plain: int, packed: int) -> None:
        if plain > self._limits.ratio_from and plain > self._limits.ratio * packed:
            raise CastBeyondLimits(
                f"Decompressed, the recording is more than {self._limits.ratio} times as large: it is not taken."
            )

    def _read(self, at: int, size: int) -> bytes:
        return os.pread(self._fd, max(0, min(size, self._end - at)), at)


def _inflate(inflate: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return inflate.decompress(packed, BLOCK)
    except zlib.error:
        raise DamagedCast("The file is damaged: its gzip data is wrong, or something else follows it.") from None


def _decoded(data: bytes, condition: Condition) -> tuple[str, bytes]:
    """The whole characters of `data`, and the bytes of one that is not complete."""
    try:
        text, used = utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        condition.note(Repair.CHARACTERS)
        text, used = utf_8_decode(data, "replace", False)
    return text, data[used:]
