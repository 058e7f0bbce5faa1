"""Text, segments and poster of terminal recordings: a program for the limited process (`recordings.media.limited`).

    terminal PLAYED SEGMENTS < the stored object > records

PLAYED is how many bytes of the stored object are what players get, SEGMENTS is 1 if segments are wanted, else 0.
What it writes is described in `recordings.media.terminal.made`.
"""

import gc
import json
from typing import BinaryIO

from recordings.media.asciicast import Cast, packing  # noqa: F401  (loads the compressor while it still can)
from recordings.media.errors import CastError, TookTooLong
from recordings.media.limited import Rights
from recordings.media.limits import CastLimits
from recordings.media.terminal import poster, segments
from recordings.media.terminal.fonts import Fonts
from recordings.media.terminal.made import PICTURE_SIZE, START, Kind, record
from recordings.media.terminal.screen import restored
from recordings.media.terminal.transcript import Transcriber

CPU_SECONDS = 300
RIGHTS = Rights(output=1 << 30, cpu_seconds=CPU_SECONDS)
FONT_SIZE = 20
MUCH_FULLER = 1.05
_fonts: list[Fonts] = []


def prepare() -> tuple[type[Exception], ...]:
    """Load the emulator, and what draws."""
    import avt  # noqa: F401
    from avt import util  # noqa: F401

    poster.prepare()
    _fonts.append(Fonts(FONT_SIZE))
    gc.disable()  # nothing here refers to itself, and looking for that takes a third of the time
    return (CastError, TookTooLong, ValueError)


def make(arguments: list[str], source: BinaryIO, sink: BinaryIO) -> None:
    """Read the recording, write what is made of it."""
    played, wanted = map(int, arguments)
    cast = Cast(source, end=played, limits=CastLimits(seconds=CPU_SECONDS))
    transcriber = Transcriber(cast.header.width, cast.header.height)
    segmenter = segments.Segmenter(*transcriber.screen.size)
    fullest = _Fullest(transcriber)

    def snapshot() -> tuple[int, int, str]:
        text = transcriber.snapshot()
        return (*transcriber.screen.size, text)

    for time, code, text in cast.events():
        if wanted:
            for segment in segmenter.add(time, code, text, snapshot):
                _write_segment(segment, sink)
        if transcriber.add(time, code, text):
            fullest.look()
    if wanted:
        for segment in segmenter.end():
            _write_segment(segment, sink)
    transcript = transcriber.transcript()
    fullest.look()
    jpeg = poster.poster(restored(*fullest.size, fullest.snapshot), _fonts[0], cast.header.theme)
    sink.write(record(Kind.PICTURE, PICTURE_SIZE.pack(poster.WIDTH, poster.HEIGHT), jpeg))
    for chunk in transcript.chunks():
        sink.write(record(Kind.LINES, json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode()))
    summary = {"complete": transcript.complete and not cast.condition.cut}
    sink.write(record(Kind.SUMMARY, json.dumps(summary).encode()))


class _Fullest:
    """The screen on which most was written, which tells best what a recording is about."""

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._most = 0
        self.size, self.snapshot = transcriber.screen.size, ""

    def look(self) -> None:
        written = self._transcriber.written
        if written > self._most * MUCH_FULLER:
            self._most = written
            self.size, self.snapshot = self._transcriber.screen.size, self._transcriber.screen.snapshot()


def _write_segment(segment: segments.Segment, sink: BinaryIO) -> None:
    sink.write(record(Kind.SEGMENT, START.pack(segment.start), segment.data))
