"""Text and segments of a terminal recording: a program for the limited process (`recordings.media.limited`).

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
from recordings.media.terminal import segments
from recordings.media.terminal.made import START, Kind, record
from recordings.media.terminal.transcript import Transcriber

CPU_SECONDS = 300
RIGHTS = Rights(output=1 << 30, cpu_seconds=CPU_SECONDS)


def prepare() -> tuple[type[Exception], ...]:
    """Load the emulator."""
    import avt  # noqa: F401
    from avt import util  # noqa: F401

    gc.disable()  # nothing here refers to itself, and looking for that takes a third of the time
    return (CastError, TookTooLong, ValueError)


def make(arguments: list[str], source: BinaryIO, sink: BinaryIO) -> None:
    """Read the recording, write what is made of it."""
    played, wanted = map(int, arguments)
    cast = Cast(source, end=played, limits=CastLimits(seconds=CPU_SECONDS))
    transcriber = Transcriber(cast.header.width, cast.header.height)
    segmenter = segments.Segmenter(*transcriber.screen.size)

    def snapshot() -> tuple[int, int, str]:
        text = transcriber.snapshot()
        return (*transcriber.screen.size, text)

    for time, code, text in cast.events():
        if wanted:
            for segment in segmenter.add(time, code, text, snapshot):
                _write_segment(segment, sink)
        transcriber.add(time, code, text)
    for segment in segmenter.end():
        _write_segment(segment, sink)
    transcript = transcriber.transcript()
    for chunk in transcript.chunks():
        sink.write(record(Kind.LINES, json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode()))
    summary = {"complete": transcript.complete and not cast.condition.cut, "duration": segmenter.duration}
    sink.write(record(Kind.SUMMARY, json.dumps(summary).encode()))


def _write_segment(segment: segments.Segment, sink: BinaryIO) -> None:
    sink.write(record(Kind.SEGMENT, START.pack(segment.start), segment.data))
