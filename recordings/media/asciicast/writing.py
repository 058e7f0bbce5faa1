"""Write casts: version 2, which everything reads, and version 3.

Times have six decimals, so that microseconds survive any number of conversions.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from json.encoder import encode_basestring
from typing import Any

from recordings.media.asciicast.events import INPUT
from recordings.media.asciicast.header import Header, Theme
from recordings.media.asciicast.reading import Cast, Event

BLOCK = 256 * 1024  # characters


def version_2(header: Header, events: Iterable[Event]) -> Iterator[bytes]:
    """The cast in blocks of lines; times are from the start."""
    yield _header_line(header, {"version": 2, "width": header.width, "height": header.height}, "theme")
    yield from _blocks(event_json(*event) + "\n" for event in events)


def version_3(header: Header, events: Iterable[Event]) -> Iterator[bytes]:
    """The cast in blocks of lines; times are from the event before."""
    term: dict[str, Any] = {"cols": header.width, "rows": header.height}
    term |= _given({"type": header.term_type or header.env.get("TERM", ""), "version": header.term_version})
    if header.theme:
        term["theme"] = theme_json(header.theme)
    yield _header_line(header, {"version": 3, "term": term}, "")
    yield from _blocks(event_json(*event) + "\n" for event in _intervals(events))


def event_json(time: int, code: str, text: str) -> str:
    """An event as JSON; `time` in microseconds."""
    return f"[{seconds_text(time)},{json_string(code)},{json_string(text)}]"


def without_input(events: Iterable[Event]) -> Iterator[Event]:
    """All but what was typed."""
    return (event for event in events if event[1] != INPUT)


def events_of(cast: Cast, *, with_input: bool) -> Iterator[Event]:
    """The events of a cast, with or without what was typed."""
    return cast.events() if with_input else without_input(cast.events())


def _header_line(header: Header, first: dict[str, Any], theme: str) -> bytes:
    about = _given(asdict(header.about))
    line = first | _given(
        {
            "timestamp": header.timestamp,
            "idle_time_limit": header.idle_time_limit,
            "command": header.command,
            "title": header.title,
            "env": dict(header.env),
            theme: theme_json(header.theme) if theme and header.theme else None,
            "sortie": about,
        }
    )
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", {})}


def theme_json(theme: Theme) -> dict[str, str]:
    """A theme as headers have it."""
    return {"fg": theme.foreground, "bg": theme.background, "palette": ":".join(theme.palette)}


def _intervals(events: Iterable[Event]) -> Iterator[Event]:
    before = 0
    for time, code, text in events:
        yield time - before, code, text
        before = time


def seconds_text(microseconds: int) -> str:
    """Seconds with six decimals."""
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"


def json_string(text: str) -> str:
    """`text` as a JSON string, quotes and all."""
    encoded: str = encode_basestring(text)
    return encoded


def _blocks(lines: Iterator[str]) -> Iterator[bytes]:
    """Lines put together, for a write or a compression each would be slow. What is no character becomes `?`."""
    gathered: list[str] = []
    size = 0
    for line in lines:
        gathered.append(line)
        size += len(line)
        if size >= BLOCK:
            yield "".join(gathered).encode("utf-8", "replace")
            gathered, size = [], 0
    if gathered:
        yield "".join(gathered).encode("utf-8", "replace")
