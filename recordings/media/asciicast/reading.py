"""Read a cast of any version from front to back: its header, then its events."""

from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from recordings.media.asciicast.document import Document
from recordings.media.asciicast.events import OUTPUT, RESIZE, NoEvent, event_of, is_code, odd_event_of, size_of
from recordings.media.asciicast.header import Header, header_of, parsed, whole_characters
from recordings.media.asciicast.repairs import Condition, Repair
from recordings.media.asciicast.source import Source
from recordings.media.errors import CastBeyondLimits, DamagedCast, NotCast
from recordings.media.limits import DAY_MS, CastLimits

Event = tuple[int, str, str]
"""Microseconds since the start, code, text."""
_NO_HEADER = "The recording's header, in line 1, is not valid JSON, or breaks off."
LATEST = 1e12  # seconds; beyond it microseconds would no longer be exact


class Cast:
    """The cast in the bytes `start` to `end` (default: all) of an open file, which has a file descriptor.

    Its position is neither used nor moved, so that `events` can be asked for as often as wanted. Memory is bounded
    by the longest line.

    Raises:
        NotCast, DamagedCast, CastBeyondLimits: it does not begin as a cast does.
    """

    def __init__(
        self, file: BinaryIO, *, start: int = 0, end: int | None = None, limits: CastLimits | None = None
    ) -> None:
        self.limits = limits or CastLimits()
        self.condition = Condition()
        self._source = Source(file, start, end, self.limits)
        self._is_document = False
        self._header_repairs = Condition()
        self.header = self._read_header()

    def events(self) -> Iterator[Event]:
        """Every event, in order of time. `condition` is made anew by it, and is whole when it has ended.

        Raises:
            DamagedCast: a line is wrong; it has the line's number. What is only cut off ends early instead.
            CastBeyondLimits: something is too much.
        """
        self.condition = Condition()
        self.condition.repairs += self._header_repairs.repairs
        found = self._of_document() if self._is_document else self._of_lines()
        longest = self.limits.duration_ms * 1000
        now = 0
        for count, (time, code, text) in enumerate(found, 1):
            if time < now:
                self.condition.note(Repair.CLOCK)
            now = max(now, time)
            if now > longest:
                raise CastBeyondLimits(
                    f"The recording claims to last longer than {self.limits.duration_ms // DAY_MS} days."
                )
            if count > self.limits.events:  # of a document; lines are counted where they are read
                raise CastBeyondLimits(f"The recording has more than {self.limits.events:,} events.")
            if code == RESIZE and size_of(text, self.limits.side) is None:
                self.condition.note(Repair.SIZE)
            else:
                yield now, code, text

    def _read_header(self) -> Header:
        blocks = self._source.blocks(Condition())
        text = ""
        while "\n" not in text and len(text) <= self.limits.header and (block := next(blocks, "")):
            text += block
        line, ended, _ = text.partition("\n")
        if not text.lstrip().startswith("{"):
            raise NotCast("This is no asciicast: that begins with a line of JSON.")
        try:
            document = parsed(line) if ended or len(line) <= self.limits.header else None
        except ValueError:
            document = None
        if isinstance(document, dict) and not _is_version_1(document):
            if not line.startswith("{"):
                self._header_repairs.note(Repair.FORM)
            return header_of(document, self._header_repairs, self.limits)
        return self._read_document()

    def _read_document(self) -> Header:
        """The header of version 1, whose parts may come after the frames."""
        self._is_document = True
        document = Document(self._source.blocks(Condition()), Condition(), self.limits)
        try:
            for _ in document.frames():
                pass
        except DamagedCast:
            if not _is_version_1(document.members):
                raise DamagedCast(_NO_HEADER, 1) from None
            raise
        if not _is_version_1(document.members) and (document.members.get("version") or not document.members):
            raise DamagedCast(_NO_HEADER, 1)
        self._header_repairs.note(Repair.FORM)
        return header_of(document.members, self._header_repairs, self.limits)

    def _of_document(self) -> Iterator[Event]:
        now = 0
        for delay, text in Document(self._source.blocks(self.condition), self.condition, self.limits).frames():
            if not 0 <= delay <= LATEST:
                self._damaged(None, _wrong_time(delay))
            now += int(delay * 1_000_000 + 0.5)
            yield now, OUTPUT, whole_characters(text)

    def _of_lines(self) -> Iterator[Event]:
        relative = self.header.version == 3
        now = 0
        for number, line in self._lines():
            try:
                seconds, code, text = event_of(line)
            except ValueError:
                odd = self._odd(line, number)
                if odd is None:
                    continue
                seconds, code, text = odd
            if not text.isascii():
                text = self._whole(text)
            if not 0 <= seconds <= LATEST:
                self._damaged(number, _wrong_time(seconds))
            time = int(seconds * 1_000_000 + 0.5)
            now = now + time if relative else time
            yield now, code, text

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Every line after the first with its number. The last one counts only if it is whole."""
        number = 0
        rest = ""
        for block in self._source.blocks(self.condition):
            lines = block.split("\n")
            lines[0] = rest + lines[0]
            rest = lines.pop()
            if len(rest) > self.limits.line:
                raise CastBeyondLimits(f"Line {number + len(lines) + 1:,} of the recording is too long.")
            if number + len(lines) > self.limits.events:
                raise CastBeyondLimits(f"The recording has more than {self.limits.events:,} lines.")
            for line in lines:
                number += 1
                if line and number > 1:
                    yield number, line
            if "" in lines and self.header.version != 3:
                self.condition.note(Repair.FORM)
        if number and rest.strip("\0 \t\r"):
            yield from self._last(rest, number + 1)
        elif rest:
            self.condition.note(Repair.FORM)
            self.condition.cut |= "\0" in rest

    def _last(self, line: str, number: int) -> Iterator[tuple[int, str]]:
        """A line that nothing ends: whole in a file that somebody edited, else what a crash has left."""
        try:
            if not line.startswith("#"):
                odd_event_of(line)
        except NoEvent:
            self.condition.cut = True
        else:
            self.condition.note(Repair.FORM)
            yield number, line

    def _odd(self, line: str, number: int) -> tuple[float, str, str] | None:
        """The event of a line that is not as usual; None if it has none and need not, or one that means nothing."""
        bare = line.strip(" \t\r")
        if not bare or bare.startswith("#"):
            if self.header.version != 3:  # which allows both
                self.condition.note(Repair.FORM)
            return None
        self.condition.note(Repair.FORM)
        try:
            seconds, code, text = odd_event_of(line)
        except NoEvent as error:
            second = bare.startswith("{")
            self._damaged(number, "begins a second recording: send each by itself" if second else str(error))
        code = whole_characters(code)
        return (seconds, code, whole_characters(text)) if is_code(code) else None

    def _whole(self, text: str) -> str:
        """`text` without halves of characters; that it cannot be encoded is the quickest sign of one."""
        try:
            text.encode()
        except UnicodeEncodeError:
            self.condition.note(Repair.CHARACTERS)
            return whole_characters(text)
        return text

    def _damaged(self, number: int | None, why: str) -> NoReturn:
        where = "a frame" if number is None else f"line {number:,}"
        raise DamagedCast(f"The recording is damaged: {where} {why}.", number)


def _is_version_1(document: dict[str, Any]) -> bool:
    return document.get("version") is not True and document.get("version") == 1


def _wrong_time(seconds: float) -> str:
    return "has a time before the start" if seconds < 0 else "has a time that cannot be"
