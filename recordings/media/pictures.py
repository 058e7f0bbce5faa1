"""Poster and storyboard of a WebM file, made by a program that can do nothing else.

Decoders are large and meet hostile files, so this module is run as a process of its own (`recordings.enrich` starts
it). It is handed the file as standard input and a pipe as standard output, then gives up the right to open anything
more, be it a file or a socket, and its memory and processor time are bounded. What it writes is untrusted again.

    pictures.py DURATION_MS < recording.webm > pictures

Output: the poster, then the storyboard, each as `HEADER` (columns, tiles, tile width and height in pixels, bytes of
the JPEG) and a JPEG. A storyboard's tiles are of evenly spaced moments, in rows from the top left.
"""

import importlib
import io
import os
import pkgutil
import resource
import struct
import sys
from typing import Any, BinaryIO

HEADER = struct.Struct("!5I")
POSTER_WIDTH, TILE_WIDTH = 640, 160
MOST_TILES, COLUMNS = 100, 10
TILE_EVERY_MS = 5_000
QUALITY = 80
CODECS = {"vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}

NOBODY = 65534
OUTPUT = 16 * 1024**2
MEMORY = 2 * 1024**3
CPU_SECONDS = 120


def main() -> None:
    """Read the file, write the pictures; exit with 3 and a word on standard error if there are none to make."""
    import av
    import PIL.Image

    _import_all(av)
    PIL.Image.preinit()
    source, sink = os.fdopen(0, "rb", closefd=False), os.fdopen(1, "wb", closefd=False)
    _give_up_rights()
    try:
        _make(av, PIL.Image, source, sink, int(sys.argv[1]))
    except (av.FFmpegError, ValueError, IndexError, UnicodeError, MemoryError, EOFError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}"[:200])
        raise SystemExit(3) from None


def _import_all(package: Any) -> None:
    """Load what the library would load when it first needs it; later it could not open the files."""
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _give_up_rights() -> None:
    if os.geteuid() == 0:  # who could take back what the limits below take away
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        # What is open stays so; nothing else can be opened, listened on or connected to.
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _make(av: Any, image: Any, source: BinaryIO, sink: BinaryIO, duration_ms: int) -> None:
    # Without a forced format ffmpeg follows what a playlist in the file's place names.
    with av.open(source, format="matroska", metadata_errors="replace") as container:
        stream = next((s for s in container.streams.video if s.codec_context.name in CODECS), None)
        if stream is None:
            raise ValueError("no picture of a known codec")
        stream.codec_context.skip_frame = "NONKEY"
        stream.codec_context.thread_count = 1
        poster = _frame(container, stream, duration_ms // 10, POSTER_WIDTH)
        _write(sink, poster, columns=1, tiles=1, tile=poster.size)
        count = max(1, min(MOST_TILES, duration_ms // TILE_EVERY_MS))
        times = [(2 * i + 1) * duration_ms // (2 * count) for i in range(count)]
        _storyboard(container, stream, times, image, sink)


def _storyboard(container: Any, stream: Any, times: list[int], image: Any, sink: BinaryIO) -> None:
    sheet = None
    for i, time_ms in enumerate(times):
        tile = _frame(container, stream, time_ms, TILE_WIDTH)
        if sheet is None:
            width, height = tile.size
            columns = min(COLUMNS, len(times))
            sheet = image.new("RGB", (columns * width, -(-len(times) // columns) * height))
        sheet.paste(tile.resize((width, height)), (i % columns * width, i // columns * height))
    _write(sink, sheet, columns=columns, tiles=len(times), tile=(width, height))


def _frame(container: Any, stream: Any, time_ms: int, width: int) -> Any:
    """The key picture at or before a moment, `width` pixels wide."""
    container.seek(time_ms * 1000, backward=True)
    for frame in container.decode(stream):
        height = max(1, min(4 * width, round(width * frame.height / frame.width)))
        return frame.reformat(width=width, height=height, format="rgb24").to_image()
    raise ValueError("no picture")


def _write(sink: BinaryIO, picture: Any, *, columns: int, tiles: int, tile: tuple[int, int]) -> None:
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=QUALITY, optimize=True)
    data = made.getvalue()
    sink.write(HEADER.pack(columns, tiles, *tile, len(data)) + data)
    sink.flush()


if __name__ == "__main__":
    main()
