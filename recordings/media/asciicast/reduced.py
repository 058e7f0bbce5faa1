"""What of a cast may go to people who are to see the screen and nothing else: no input, and little of a header."""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from recordings.media.asciicast.events import EXIT, MARKER, OUTPUT, RESIZE

SHOWN = frozenset((OUTPUT, RESIZE, MARKER, EXIT))

# A clean cast has no odd lines (recordings.media.asciicast.kept), so that this is how each of its events begins.
_OPENING = re.compile(rb'\[[ \t]*([-+.0-9eE]+)[ \t]*,[ \t]*"([^"\\]*)"')
_SHOWN = frozenset(code.encode() for code in SHOWN)


def reduced(blocks: Iterable[bytes], *, title: str, all_shown: bool) -> Iterator[bytes]:
    """A clean cast of version 2 or 3, in blocks, with another title. `all_shown`: it has no events but `SHOWN`.

    Its header keeps sizes, colours and the limit of idle time. Neither command, host, user, environment nor time is
    told. The times of what stays are not changed.
    """
    source = iter(blocks)
    head = b""
    while b"\n" not in head and (block := next(source, b"")):
        head += block
    line, _, rest = head.partition(b"\n")
    said: dict[str, Any] = json.loads(line)
    yield json.dumps(_header(said, title), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    if all_shown:
        yield rest
        yield from source
    else:
        yield from _shown(_lines(rest, source), relative=said["version"] == 3)


def _header(said: dict[str, Any], title: str) -> dict[str, Any]:
    kept: dict[str, Any] = {"version": said["version"], "title": title}
    if said["version"] == 3:
        kept["term"] = _some(said.get("term") or {}, "cols", "rows", "theme")
    else:
        kept |= _some(said, "width", "height", "theme")
    return kept | _some(said, "idle_time_limit")


def _some(said: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: said[name] for name in names if said.get(name) is not None}


def _lines(rest: bytes, blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """The whole lines of each block."""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield lines
    yield rest.split(b"\n")


def _shown(blocks: Iterable[list[bytes]], *, relative: bool) -> Iterator[bytes]:
    """What is no event, such as a comment, goes too. `relative`: a time counts from the event before."""
    left_out = Decimal(0)
    for lines in blocks:
        kept = []
        for line in lines:
            event = _OPENING.match(line)
            if event is None:
                continue
            if event[2] not in _SHOWN:
                left_out += Decimal(event[1].decode()) if relative else 0
                continue
            if left_out:
                later = format(Decimal(event[1].decode()) + left_out, "f")
                line = b"[" + later.encode() + line[event.end(1) :]
                left_out = Decimal(0)
            kept.append(line)
        if kept:
            yield b"\n".join(kept) + b"\n"
