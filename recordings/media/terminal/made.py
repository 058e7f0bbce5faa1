"""What programs make of terminal recordings, and how whoever started them reads that: records of bounded size.

A record is a kind and a length (`RECORD`), then so many bytes:

    LINES     JSON of a run of lines: [[milliseconds, text], ...]
    PICTURE   width and height in pixels (`PICTURE_SIZE`), then a JPEG, or for a screenshot a PNG
    SCREEN    JSON: {"columns", "rows", "cursor": [row, column] or null, "lines": texts}
    SEGMENT   microseconds of its start (`START`), then a gzip member of its JSON (`segments`)
    SUMMARY   the last one, JSON: {"complete": whether all text is there}

The programs met a hostile file, so nothing they say is believed.
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
PICTURE_SIZE = struct.Struct("!HH")
MOST_LINES_RECORD = 1 << 20
MOST_SEGMENT = 1 << 28
MOST_PICTURE = 1 << 24
MOST_SCREEN = 1 << 23
MOST_SUMMARY = 1 << 12
MOST_SIDE = 4096
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
LONGEST_MS = 366 * DAY_MS


class Kind(IntEnum):
    LINES = 1
    SEGMENT = 2
    PICTURE = 3
    SCREEN = 4
    SUMMARY = 5


MOST = {
    Kind.LINES: MOST_LINES_RECORD,
    Kind.SEGMENT: MOST_SEGMENT,
    Kind.PICTURE: MOST_PICTURE,
    Kind.SCREEN: MOST_SCREEN,
    Kind.SUMMARY: MOST_SUMMARY,
}


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
class PictureMade:
    """A JPEG or PNG of so many pixels."""

    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ScreenMade:
    """What stood on a screen of so many columns and rows, and the row and column of the cursor, if it shows."""

    columns: int
    rows: int
    cursor: tuple[int, int] | None
    lines: tuple[str, ...]
    picture: PictureMade


@dataclass(frozen=True, slots=True)
class Summary:
    """complete: all that was shown is in the chunks."""

    complete: bool


def record(kind: Kind, *parts: bytes) -> bytes:
    """One record, as the program writes it."""
    return b"".join([RECORD.pack(kind, sum(map(len, parts))), *parts])


def read(output: BinaryIO) -> Iterator[Chunk | SegmentMade | PictureMade | Summary]:
    """Everything that `terminal` made; the summary comes last. Segments are left where they are in the file.

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
        data = _data(output, size)
        if kind is Kind.SUMMARY:
            yield _summary(data)
            return
        yield _picture(data, JPEG) if kind is Kind.PICTURE else _chunk(data)
    raise Nonsense("the end is missing")


def read_screenshot(output: BinaryIO) -> ScreenMade:
    """What `screenshot` made.

    Raises:
        Nonsense: it is not what the program should have written, or not all of it.
    """
    found = {}
    for _ in range(2):
        kind, size = _opening(output.read(RECORD.size))
        found[kind] = _data(output, size)
    if set(found) != {Kind.SCREEN, Kind.PICTURE}:
        raise Nonsense("the screen or its picture is missing")
    return _screen(found[Kind.SCREEN], _picture(found[Kind.PICTURE], PNG))


def _opening(data: bytes) -> tuple[Kind, int]:
    if len(data) < RECORD.size:
        raise Nonsense("a record breaks off")
    number, size = RECORD.unpack(data)
    if number not in set(Kind) or size > MOST[Kind(number)]:
        raise Nonsense("a record is of no known kind, or too large")
    return Kind(number), size


def _data(output: BinaryIO, size: int) -> bytes:
    data = output.read(size)
    if len(data) < size:
        raise Nonsense("a record breaks off")
    return data


def _picture(data: bytes, magic: bytes) -> PictureMade:
    picture = data[PICTURE_SIZE.size :]
    if not picture.startswith(magic):
        raise Nonsense("a picture is none")
    width, height = PICTURE_SIZE.unpack_from(data)
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise Nonsense("a picture has no size")
    return PictureMade(width, height, picture)


def _screen(data: bytes, picture: PictureMade) -> ScreenMade:
    found = _json(data)
    if not isinstance(found, dict):
        raise Nonsense("a screen is none")
    columns, rows, cursor, lines = (found.get(name) for name in ("columns", "rows", "cursor", "lines"))
    if not _are_numbers([columns, rows], 1) or not isinstance(lines, list):
        raise Nonsense("a screen has no size or no lines")
    if not all(isinstance(line, str) for line in lines):
        raise Nonsense("a line of a screen is none")
    if cursor is not None and not (isinstance(cursor, list) and len(cursor) == 2 and _are_numbers(cursor, 0)):
        raise Nonsense("the cursor is nowhere")
    return ScreenMade(
        int(str(columns)), int(str(rows)), tuple(cursor) if cursor else None, tuple(map(_kept, lines)), picture
    )


def _are_numbers(values: list[object], least: int) -> bool:
    return all(type(value) is int and least <= value <= MOST_SIDE for value in values)


def _kept(text: str) -> str:
    """`text` as any database takes it."""
    return whole_characters(text).replace("\0", "")


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
    return Chunk(tuple((at_ms, _kept(text)) for at_ms, text in lines))


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
    return Summary(found["complete"])


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Nonsense("a record is no JSON") from None
