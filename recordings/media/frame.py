"""The picture at one moment of a WebM file: a program for the limited process (`recordings.media.limited`).

    frame MOMENT_MS < recording.webm > picture

It writes one picture as `recordings.media.pictures` does. Moments behind the end have the last picture.
"""

from typing import Any, BinaryIO

from recordings.media import pictures
from recordings.media.limited import Rights

WIDEST, HIGHEST = 1280, 1280
RIGHTS = Rights(output=16 * 1024**2)


def prepare() -> tuple[type[Exception], ...]:
    """Load the decoder whole."""
    return pictures.prepare()


def make(arguments: list[str], source: BinaryIO, sink: BinaryIO) -> None:
    """Decode from the key picture before the moment on, write the last picture that began by then."""
    [moment_ms] = map(int, arguments)
    with pictures.opened(source) as (container, stream):
        container.seek(moment_ms * 1000, backward=True)
        shown = None
        for frame in container.decode(stream):
            if shown is not None and frame.time is not None and frame.time * 1000 > moment_ms:
                break
            shown = frame
        if shown is None:
            raise ValueError("no picture")
        picture = _bounded(shown)
        pictures.write(sink, picture, columns=1, tiles=1, tile=picture.size)


def _bounded(frame: Any) -> Any:
    shrunk = min(1, WIDEST / frame.width, HIGHEST / frame.height)
    width, height = (max(1, round(side * shrunk)) for side in (frame.width, frame.height))
    return frame.reformat(width=width, height=height, format="rgb24").to_image()
