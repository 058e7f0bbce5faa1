"""Large terminal recordings in segments: kept when their text is read, and given to players one by one.

A player of a recording without them loads all of it, so nothing waits for them.
"""

from collections.abc import Generator, Sequence
from typing import Any, BinaryIO
from zlib import crc32

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse

from recordings import derived
from recordings.media.asciicast import Header
from recordings.media.asciicast.writing import theme_json
from recordings.media.terminal.made import Nonsense, SegmentMade
from recordings.models import Recording, Segments
from recordings.playback import content_disposition, described
from recordings.sending import Body, accepts_gzip, decompressed
from recordings.storage import store_for

# Of less a browser makes short work; of ten times as much it would take seconds and hundreds of megabytes.
WORTH_IT = 10 * 1024 * 1024
_BLOCK = 256 * 1024
_JSON = "application/json"


class NoSegments(Exception):
    """There are none, not this one, or they are of what the recording was before."""


def keep(recording: Recording, output: BinaryIO, parts: Sequence[SegmentMade], header: Header) -> None:
    """Store the segments in a program's output in the place of those before. Raises Nonsense, and what
    `derived.keep` does."""

    def write(file: BinaryIO) -> dict[str, Any]:
        starts: list[tuple[int, int]] = []
        for part in parts:
            starts.append((part.start, file.tell()))
            output.seek(part.at)
            _copy(output, file, part.size)
        return {
            "made_of": recording.sha256,
            "starts": starts,
            "theme": theme_json(header.theme) if header.theme else None,
            "idle_limit": header.idle_time_limit,
        }

    derived.keep(recording, Segments, write, suffix="segments")


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size:
        block = source.read(min(size, _BLOCK))
        if not block:
            raise Nonsense("a segment breaks off")
        target.write(block)
        size -= len(block)


def has(recording: Recording) -> bool:
    """Whether a player need not load all of it."""
    try:
        _of(recording)
    except NoSegments:
        return False
    return True


def index(recording: Recording) -> HttpResponse:
    """What a player has to know before it asks for any: which there are, and what holds for all.

    Raises:
        NoSegments: it plays the whole.
    """
    there = _of(recording)
    content = {
        "version": _version(there),
        "starts": [start / 1_000_000 for start, _ in there.starts],
        "theme": there.theme,
        "idle_limit": there.idle_limit,
    }
    response = JsonResponse(content)
    described(response, _JSON, content_disposition("segments.json", attachment=False))
    return response


def part(request: HttpRequest, recording: Recording, number: int) -> HttpResponseBase:
    """One segment as JSON, for a player that was given the index of these.

    Raises:
        NoSegments: there is no such one, or by now there are others.
        ObjectMissing, StorageUnavailable: what a store raises.
    """
    there = _of(recording)
    if number >= len(there.starts) or request.GET.get("of") != _version(there):
        raise NoSegments
    start = there.starts[number][1]
    stop = there.starts[number + 1][1] if number + 1 < len(there.starts) else there.size
    packed = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    blocks = _blocks(there, start, stop - start)
    response = StreamingHttpResponse(Body(blocks if packed else decompressed(blocks)))
    if packed:
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(stop - start)
    response.headers["Vary"] = "Accept-Encoding"
    return described(response, _JSON, content_disposition(f"segment-{number}.json", attachment=False))


def _of(recording: Recording) -> Segments:
    there: Segments | None = getattr(recording, "segments", None)
    if there is None or there.made_of != recording.sha256:
        raise NoSegments
    return there


def _version(there: Segments) -> str:
    """Tells these segments from any that are made later, which may begin elsewhere."""
    return f"{crc32(there.storage_key.encode()):08x}"


def _blocks(there: Segments, start: int, length: int) -> Generator[bytes]:
    with store_for(there.storage_backend).open_range(there.storage_key, start, length) as reader:
        yield from reader
