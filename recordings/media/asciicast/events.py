"""One event of a cast as a line of JSON: `[seconds, code, text]`.

Parsed by hand around the string scanner of the standard library, so that a line comes to a number and two strings
or to an error, whatever nested or endless thing it holds, and is read once.
"""

import re
from collections.abc import Callable
from json.decoder import scanstring as _scanstring  # type: ignore[attr-defined]

from recordings.media.asciicast.header import parsed

OUTPUT, INPUT, RESIZE, MARKER, EXIT = "o", "i", "r", "m", "x"

string_at: Callable[[str, int, bool], tuple[str, int]] = _scanstring
"""The string whose first character after the quote is at an index of a text, and the index after its closing quote.
True refuses raw control characters. ValueError if it is no JSON."""

NUMBER = r"-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?"
_CODE = re.compile(r'[^"\\\x00-\x1f]{1,16}')
_OPENING = re.compile(rf'\[[ \t]*({NUMBER})[ \t]*,[ \t]*"({_CODE.pattern})"[ \t]*,[ \t]*"')
_CLOSING = re.compile(r"[ \t]*\][ \t\r]*")
_LONGEST_ODD = 64 * 1024  # characters; more of them are only read where they look like an event
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_STATUS = re.compile(r"-?[0-9]{1,10}")


class NoEvent(ValueError):
    """The line holds none. The text says what is wrong with it, as the end of a sentence."""


def event_of(line: str) -> tuple[float, str, str]:
    """Seconds, code and text of a line as everybody writes them. ValueError if it is not quite so."""
    opening = _OPENING.match(line)
    if opening is None:
        raise NoEvent("is no event")
    text, end = string_at(line, opening.end(), True)
    if line[end:] != "]" and not _CLOSING.fullmatch(line, end):
        raise NoEvent("goes on after its text")
    return float(opening[1]), opening[2], text


def odd_event_of(line: str) -> tuple[float, str, str]:
    """The same of a line that says it in an odd way: raw control characters, escapes in the code, other spaces.

    Raises:
        NoEvent: there is none in it.
    """
    opening = _OPENING.match(line)
    if opening is not None:
        try:
            text, end = string_at(line, opening.end(), False)
        except ValueError:
            raise NoEvent("has text that is no JSON string") from None
        if _CLOSING.fullmatch(line, end):
            return float(opening[1]), opening[2], text
    if len(line) > _LONGEST_ODD:
        raise NoEvent("is no event")
    return _of_any_json(line)


def is_code(text: str) -> bool:
    """Whether it can be the code of an event: a letter or a word, of which readers know what they know."""
    return _CODE.fullmatch(text) is not None


def size_of(text: str, side: int) -> tuple[int, int] | None:
    """Columns and rows of a resize event; None if they are none, or more than `side`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    columns, rows = int(match[1]), int(match[2])
    return (columns, rows) if 0 < columns <= side and 0 < rows <= side else None


def status_of(text: str) -> int | None:
    """The exit status of an exit event; None if it is none."""
    return int(text) if _STATUS.fullmatch(text) else None


def _of_any_json(line: str) -> tuple[float, str, str]:
    try:
        event = parsed(line)
    except ValueError:
        raise NoEvent("is not valid JSON") from None
    if not isinstance(event, list) or len(event) != 3:
        raise NoEvent("is no event, which has a time, a code and a text")
    seconds, code, text = event
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds > 10**12:
        raise NoEvent("has no time")
    if not isinstance(code, str) or not isinstance(text, str):
        raise NoEvent("has something else in the place of its text")
    return float(seconds), code, text
