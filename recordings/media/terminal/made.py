"""What the program `terminal` writes, and how whoever started it reads that: records of bounded size.

A record is a kind and a length (`RECORD`), then so many bytes:

    LINES     JSON of a run of lines: [[milliseconds, text], ...]
    SEGMENT   microseconds of its start (`START`), then a gzip member of its JSON (`segments`)
    SUMMARY   the last one, JSON: {"complete": whether all text is there, "duration": of segments, in microseconds}

The program met a hostile file, so nothing it says is believed.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

from recordings.media.asciicast.header import whole_characters
from recordings.media.limits import DAY_MS

RECORD = struct.Struct("!BI")
START = struct.Struct("!Q")
MOST_LINES_RECORD = 1 << 20
MOST_SEGMENT = 1 << 28
MOST_OTHER = 1 << 12
LONGEST_MS = 366 * DAY_MS


class Kind(IntEnum):
    LINES = 1
    SEGMENT = 2
    SUMMARY = 3


MOST = {Kind.LINES: MOST_LINES_RECORD, Kind.SEGMENT: MOST_SEGMENT, Kind.SUMMARY: MOST_OTHER}


class Nonsense(ValueError):
    """The program wrote something that makes no sense."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that stood on the screen, in the order of their times, in milliseconds after the start."""

    lines: tuple[tuple[int, str], ...]

    @property
    def start_ms(self) -> int:
        return self.lines[0][0]

    @property
    def end_ms(self) -> int:
        return self.lines[-1][0]

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.lines)


@dataclass(frozen=True, slots=True)
class SegmentMade:
    """A segment of the recording from `start` on, in microseconds; its gzip member is `size` bytes from `at` on in
    the program's output."""

    start: int
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Summary:
    """complete: all that was shown is in the chunks. duration: microseconds that the segments last together."""

    complete: bool
    duration: int


def record(kind: Kind, *parts: bytes) -> bytes:
    """One record, as the program writes it."""
    return b"".join([RECORD.pack(kind, sum(map(len, parts))), *parts])


def read(output: BinaryIO) -> Iterator[Chunk | SegmentMade | Summary]:
    """Everything that was made, in order; the summary comes last. Segments are left where they are in the file.

    Raises:
        Nonsense: it is not what the program should have written, or not all of it.
    """
    start = -1
    while opening := output.read(RECORD.size):
        kind, size = _opening(opening)
        if kind is Kind.SEGMENT:
            segment = _segment(output, size)
            if segment.start <= start:
                raise Nonsense("segments are out of order")
            start = segment.start
            yield segment
            continue
        data = output.read(size)
        if len(data) < size:
            raise Nonsense("a record breaks off")
        if kind is Kind.SUMMARY:
            yield _summary(data)
            return
        yield _chunk(data)
    raise Nonsense("the end is missing")


def _opening(data: bytes) -> tuple[Kind, int]:
    if len(data) < RECORD.size:
        raise Nonsense("a record breaks off")
    number, size = RECORD.unpack(data)
    if number not in set(Kind) or size > MOST[Kind(number)]:
        raise Nonsense("a record is of no known kind, or too large")
    return Kind(number), size


def _segment(output: BinaryIO, size: int) -> SegmentMade:
    begin = output.read(START.size)
    at = output.tell()
    end = at + size - START.size
    if len(begin) < START.size or size <= START.size or output.seek(0, 2) < end:
        raise Nonsense("a segment breaks off")
    output.seek(end)
    return SegmentMade(START.unpack(begin)[0], at, size - START.size)


def _chunk(data: bytes) -> Chunk:
    lines = _json(data)
    if not isinstance(lines, list) or not lines or not all(_is_line(line) for line in lines):
        raise Nonsense("a run of lines holds something else")
    return Chunk(tuple((at_ms, whole_characters(text).replace("\0", "")) for at_ms, text in lines))


def _is_line(line: object) -> bool:
    return (
        isinstance(line, list)
        and len(line) == 2
        and type(line[0]) is int
        and 0 <= line[0] <= LONGEST_MS
        and isinstance(line[1], str)
    )


def _summary(data: bytes) -> Summary:
    found = _json(data)
    if not isinstance(found, dict) or type(found.get("complete")) is not bool:
        raise Nonsense("the summary is none")
    duration = found.get("duration")
    if type(duration) is not int or not 0 <= duration <= LONGEST_MS * 1000:
        raise Nonsense("the summary is none")
    return Summary(found["complete"], duration)


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Nonsense("a record is no JSON") from None
