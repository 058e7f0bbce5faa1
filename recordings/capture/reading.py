"""Reading casts of any age and state: plain or compressed, version 1, 2 or 3, whole or cut off by a crash."""

import json
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

BLOCK_BYTES = 1024 * 1024
# A 600 KB file can hold 600 MB of one letter. Beyond these somebody means harm, or should split.
LONGEST_OUTPUT = 512 * 1024 * 1024
LONGEST_LINE = 16 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
GZIP = 31  # wbits: deflate with a gzip header and trailer


class Unreadable(Exception):
    """The file is no cast, or too large a one. The text says which."""


class Cast:
    """A cast to read once from front to back. `complete` turns False where an end is missing or a line damaged."""

    def __init__(self, file: "BinaryIO", *, limit: int = LONGEST_OUTPUT) -> None:
        """Raises Unreadable if it does not begin as a cast does, OSError if it cannot be read."""
        self.complete = True
        self._limit = limit
        self._is_one_document = False
        self._file = file
        self._lines = self._whole_lines()
        self.first_line = next(self._lines, b"")
        self.header = self._read_header()
        self.version = self.header.get("version")

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        term = self.header.get("term")
        where = term if isinstance(term, dict) else self.header
        columns, rows = where.get("cols", where.get("width")), where.get("rows", where.get("height"))
        if isinstance(columns, int) and isinstance(rows, int) and columns > 0 and rows > 0:
            return columns, rows
        return 80, 24

    def lines(self) -> "Iterator[bytes]":
        """The lines after the first, whole ones only. Raises Unreadable at the limits."""
        return self._lines

    def events(self) -> "Iterator[tuple[float, str, str]]":
        """Seconds since the start, code, text. Raises Unreadable at the limits."""
        if self.version == 1:
            yield from self._events_of_version_1()
            return
        seconds = 0.0
        for line in self._lines:
            event = parsed_event(line)
            if event is None:
                self.complete = self.complete and not line.strip()
                continue
            time, code, text = event
            # Version 3 has intervals in the place of times.
            seconds = seconds + time if self.version == 3 else time
            yield seconds, code, text

    def _read_header(self) -> dict[str, object]:
        try:
            header = json.loads(self.first_line)
        except ValueError:
            header = self._read_version_1()
        if not isinstance(header, dict) or header.get("version") not in (1, 2, 3):
            raise Unreadable("not an asciicast (version 1, 2 or 3)")
        return header

    def _read_version_1(self) -> object:
        """The one JSON document a version 1 file is, which may be spread over lines."""
        if not self.first_line.lstrip().startswith(b"{"):
            return None
        self._is_one_document = True
        self.first_line = b"\n".join([self.first_line, *self._lines])
        try:
            return json.loads(self.first_line)
        except ValueError:
            return None

    def _events_of_version_1(self) -> "Iterator[tuple[float, str, str]]":
        seconds = 0.0
        frames = self.header.get("stdout")
        for frame in frames if isinstance(frames, list) else []:
            event = parsed_frame(frame)
            if event is None:
                self.complete = False
                continue
            seconds += event[0]
            yield seconds, "o", event[1]

    def _whole_lines(self) -> "Iterator[bytes]":
        rest = b""
        total = 0
        for block in self._blocks():
            total += len(block)
            if total > self._limit:
                raise Unreadable(f"larger than {self._limit // (1024 * 1024)} MB")
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            if len(rest) > LONGEST_LINE:
                raise Unreadable(f"has a line longer than {LONGEST_LINE // (1024 * 1024)} MB")
            yield from lines
        if rest.strip():
            yield from self._last_line(rest)

    def _last_line(self, line: bytes) -> "Iterator[bytes]":
        """A last line that nothing ends: taken if it is all there, as in a file somebody edited."""
        try:
            if not self._is_one_document:
                json.loads(line)
        except ValueError:
            self.complete = False
            return
        yield line

    def _blocks(self) -> "Iterator[bytes]":
        data = self._file.read(BLOCK_BYTES)
        if not data.startswith(GZIP_MAGIC):
            while data:
                yield data
                data = self._file.read(BLOCK_BYTES)
            return
        try:
            yield from inflated(data, self._file)
        except (zlib.error, EOFError):
            self.complete = False


def inflated(data: bytes, file: "BinaryIO") -> "Iterator[bytes]":
    """What gzip members hold, in bounded blocks. Raises EOFError or zlib.error where they end too early."""
    inflate = zlib.decompressobj(GZIP)
    while data or (data := file.read(BLOCK_BYTES)):
        if inflate.eof:
            inflate = zlib.decompressobj(GZIP)
        block = inflate.decompress(data, BLOCK_BYTES)
        if block:
            yield block
        data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
    if not inflate.eof:
        yield inflate.flush()
        raise EOFError


def parsed_event(line: bytes) -> tuple[float, str, str] | None:
    """One event; None if it is not one. Codes other than the known ones are for the caller to pass over."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, list) or len(event) != 3:
        return None
    time, code, text = event
    valid = isinstance(time, int | float) and time >= 0 and isinstance(code, str) and isinstance(text, str)
    return (float(time), code, text) if valid else None


def parsed_frame(frame: object) -> tuple[float, str] | None:
    """Delay and text of a version 1 frame."""
    if not isinstance(frame, list) or len(frame) != 2:
        return None
    delay, text = frame
    return (float(delay), text) if isinstance(delay, int | float) and isinstance(text, str) and delay >= 0 else None
