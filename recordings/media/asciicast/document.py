"""Asciicast version 1: one JSON document, whose frames are read one after the other and never all at once."""

import re
from collections.abc import Iterator
from json import JSONDecoder
from typing import Any

from recordings.media.asciicast.events import NUMBER, string_at
from recordings.media.asciicast.repairs import Condition
from recordings.media.errors import CastBeyondLimits, DamagedCast
from recordings.media.limits import CastLimits

FRAMES = "stdout"
_SPACE = re.compile(r"[ \t\n\r]*")
_FRAME = re.compile(rf'\[[ \t\n\r]*({NUMBER})[ \t\n\r]*,[ \t\n\r]*"')
_LONGEST_OPENING = 256  # characters of a frame before its text
_LONGEST_ESCAPE = 6


class CutOff(Exception):
    """The document ends before it is whole."""


class Document:
    """A document read from front to back: `frames` gives delays in seconds and texts, and fills `members`."""

    def __init__(self, blocks: Iterator[str], condition: Condition, limits: CastLimits) -> None:
        self.members: dict[str, Any] = {}
        self._blocks = blocks
        self._condition = condition
        self._limits = limits
        self._text = ""
        self._at = 0
        self._frames = 0

    def frames(self) -> Iterator[tuple[float, str]]:
        """Every frame. Where the document breaks off, that is noted, and the whole frames before it count.

        Raises:
            DamagedCast: it is no such document. CastBeyondLimits: a frame is too long.
        """
        try:
            self._take("{")
            if self._next() == "}":
                raise self._damaged("it is empty")
            while True:
                yield from self._member()
                if self._take(",", "}") == "}":
                    break
        except CutOff:
            self._condition.cut = True
            return
        if self._spare():
            raise self._damaged("something follows the end of the document")

    def _member(self) -> Iterator[tuple[float, str]]:
        self._next()
        name = self._value()
        if not isinstance(name, str):
            raise self._damaged("a name is missing")
        self._take(":")
        if self._next() == "[" and name == FRAMES:
            yield from self._array()
        else:
            self.members[name] = self._value()

    def _array(self) -> Iterator[tuple[float, str]]:
        self._take("[")
        if self._next() == "]":
            self._take("]")
            return
        while True:
            self._next()
            yield self._frame()
            self._frames += 1
            if self._take(",", "]") == "]":
                return

    def _frame(self) -> tuple[float, str]:
        while True:
            opening = _FRAME.match(self._text, self._at)
            if opening is None:
                if len(self._text) - self._at > _LONGEST_OPENING:
                    raise self._damaged(f"frame {self._frames + 1:,} is no delay and text")
            elif (string := self._string(opening.end())) is not None:
                text, self._at = string
                self._take("]")
                return float(opening[1]), text
            self._more(self._limits.line)

    def _string(self, begin: int) -> tuple[str, int] | None:
        """A string and where it ends; None if more text is needed to tell."""
        try:
            return string_at(self._text, begin, False)
        except ValueError as error:
            broken = getattr(error, "pos", 0)
            if str(error).startswith("Unterminated") or broken + _LONGEST_ESCAPE > len(self._text) - 1:
                return None
            raise self._damaged(f"the text of frame {self._frames + 1:,} is no JSON string") from None

    def _value(self) -> Any:
        """Any short value. A number that ends with the text may go on in the next block."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if end < len(self._text):
                    self._at = end
                    return value
            except RecursionError:
                raise self._damaged("its header is nested too deeply") from None
            except ValueError:
                if len(self._text) - self._at > self._limits.header:
                    raise self._damaged("its header is not valid JSON") from None
            self._more(self._limits.header)

    def _take(self, *expected: str) -> str:
        found = self._next()
        if found not in expected:
            raise self._damaged("it is not valid JSON")
        self._at += 1
        return found

    def _next(self) -> str:
        """The next character that is no space, which stays."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            self._more(self._limits.line)

    def _spare(self) -> bool:
        """Whether there is anything but space after the end, or zeros as a crash leaves them."""
        while True:
            if self._text[self._at :].strip(" \t\n\r\0"):
                return True
            self._at = len(self._text)
            try:
                self._more(self._limits.line)
            except CutOff:
                return False

    def _more(self, most: int) -> None:
        if len(self._text) - self._at > most:
            raise CastBeyondLimits(f"A frame of the recording is longer than {most:,} characters.")
        block = next(self._blocks, None)
        if block is None:
            raise CutOff
        self._text = self._text[self._at :] + block
        self._at = 0

    def _damaged(self, why: str) -> DamagedCast:
        return DamagedCast(f"The recording is damaged: {why}.")


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


_DECODER = JSONDecoder(parse_constant=_refuse)
