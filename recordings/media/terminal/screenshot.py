"""One screen of a terminal recording: a program for the limited process (`recordings.media.limited`).

    screenshot MOMENT PLAYED < the stored object > records
    screenshot MOMENT 0 < a segment > records

MOMENT is in microseconds after the start, PLAYED how many bytes of the stored object are what players get. A large
recording need not be read from its start: its segment of the moment will do, as it is stored.

It writes a record SCREEN and a record PICTURE (`recordings.media.terminal.made`).
"""

import json
import os
import zlib
from collections.abc import Iterable
from typing import BinaryIO

from recordings.media.asciicast import Cast, Event
from recordings.media.asciicast.events import OUTPUT
from recordings.media.asciicast.source import GZIP
from recordings.media.errors import CastError, TookTooLong
from recordings.media.limited import Rights
from recordings.media.limits import CastLimits
from recordings.media.terminal import poster
from recordings.media.terminal.fonts import Fonts
from recordings.media.terminal.made import PICTURE_SIZE, Kind, record
from recordings.media.terminal.transcript import screen_at

CPU_SECONDS = 120
RIGHTS = Rights(output=1 << 26, cpu_seconds=CPU_SECONDS)
FONT_SIZE = 20
LARGEST_SEGMENT = 1 << 28
_fonts: list[Fonts] = []


def prepare() -> tuple[type[Exception], ...]:
    """Load the emulator, and what draws."""
    import avt  # noqa: F401
    from avt import util  # noqa: F401

    poster.prepare()
    _fonts.append(Fonts(FONT_SIZE))
    return (CastError, TookTooLong, ValueError, KeyError, TypeError, zlib.error, RecursionError)


def make(arguments: list[str], source: BinaryIO, sink: BinaryIO) -> None:
    """Write the text of the screen, and its picture."""
    moment, played = map(int, arguments)
    if played:
        cast = Cast(source, end=played, limits=CastLimits(seconds=CPU_SECONDS))
        size, theme = (cast.header.width, cast.header.height), cast.header.theme
        events: Iterable[Event] = cast.events()
    else:
        theme = None
        size, events = _of_segment(source)
    screen = screen_at(*size, events, moment)
    told = {"columns": screen.size[0], "rows": screen.size[1], "cursor": screen.cursor, "lines": screen.lines()}
    sink.write(record(Kind.SCREEN, json.dumps(told, ensure_ascii=False).encode()))
    png, pixels = poster.picture(screen, _fonts[0], theme)
    sink.write(record(Kind.PICTURE, PICTURE_SIZE.pack(*pixels), png))


def _of_segment(source: BinaryIO) -> tuple[tuple[int, int], Iterable[Event]]:
    """Size and events of a segment, of which the first brings the screen to where it was before it."""
    packed = os.pread(source.fileno(), LARGEST_SEGMENT, 0)
    content = json.loads(zlib.decompressobj(GZIP).decompress(packed, LARGEST_SEGMENT))
    before = content["snapshot"]
    events = [(round(time * 1_000_000), str(code), str(text)) for time, code, text in content["events"]]
    return (int(before["cols"]), int(before["rows"])), [(0, OUTPUT, str(before["init"])), *events]
