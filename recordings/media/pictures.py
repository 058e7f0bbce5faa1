"""Poster and storyboard of a WebM file: a program for the limited process (`recordings.media.limited`).

    pictures DURATION_MS < recording.webm > pictures

Output: the poster, then the storyboard, each as `HEADER` (columns, tiles, tile width and height in pixels, bytes of
the JPEG) and a JPEG. A storyboard's tiles are of evenly spaced moments, in rows from the top left.
"""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from recordings.media.limited import Rights, import_all

HEADER = struct.Struct("!5I")
POSTER_WIDTH, TILE_WIDTH = 640, 160
MOST_TILES, COLUMNS = 100, 10
TILE_EVERY_MS = 5_000
QUALITY = 80
CODECS = {"vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}

RIGHTS = Rights(output=16 * 1024**2)


def prepare() -> tuple[type[Exception], ...]:
    """Load the decoder whole."""
    import av
    import PIL.Image

    import_all(av)
    PIL.Image.preinit()
    return (av.FFmpegError, ValueError, IndexError, EOFError)


def make(arguments: list[str], source: BinaryIO, sink: BinaryIO) -> None:
    """Read the recording, write the pictures."""
    duration_ms = int(arguments[0])
    with opened(source) as (container, stream):
        stream.codec_context.skip_frame = "NONKEY"
        poster = _frame(container, stream, duration_ms // 10, POSTER_WIDTH)
        write(sink, poster, columns=1, tiles=1, tile=poster.size)
        count = max(1, min(MOST_TILES, duration_ms // TILE_EVERY_MS))
        times = [(2 * i + 1) * duration_ms // (2 * count) for i in range(count)]
        _storyboard(container, stream, times, sink)


@contextmanager
def opened(source: BinaryIO) -> Iterator[tuple[Any, Any]]:
    """The container in a file, and its first stream of pictures."""
    import av

    # Without a forced format ffmpeg follows what a playlist in the file's place names.
    with av.open(source, format="matroska", metadata_errors="replace") as container:
        stream = next((s for s in container.streams.video if s.codec_context.name in CODECS), None)
        if stream is None:
            raise ValueError("no picture of a known codec")
        stream.codec_context.thread_count = 1
        yield container, stream


def _storyboard(container: Any, stream: Any, times: list[int], sink: BinaryIO) -> None:
    import PIL.Image

    sheet = None
    for i, time_ms in enumerate(times):
        tile = _frame(container, stream, time_ms, TILE_WIDTH)
        if sheet is None:
            width, height = tile.size
            columns = min(COLUMNS, len(times))
            sheet = PIL.Image.new("RGB", (columns * width, -(-len(times) // columns) * height))
        sheet.paste(tile.resize((width, height)), (i % columns * width, i // columns * height))
    write(sink, sheet, columns=columns, tiles=len(times), tile=(width, height))


def _frame(container: Any, stream: Any, time_ms: int, width: int) -> Any:
    """The key picture at or before a moment, `width` pixels wide."""
    container.seek(time_ms * 1000, backward=True)
    for frame in container.decode(stream):
        height = max(1, min(4 * width, round(width * frame.height / frame.width)))
        return frame.reformat(width=width, height=height, format="rgb24").to_image()
    raise ValueError("no picture")


def write(sink: BinaryIO, picture: Any, *, columns: int, tiles: int, tile: tuple[int, int]) -> None:
    """One picture behind its `HEADER`, as `recordings.enrich` reads it."""
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=QUALITY, optimize=True)
    data = made.getvalue()
    sink.write(HEADER.pack(columns, tiles, *tile, len(data)) + data)
