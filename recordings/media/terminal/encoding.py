"""Encode pictures of a terminal as a film: MP4 with H.264, WebM with VP9, or GIF.

Times are free: a picture lasts until the next one, so that a quiet minute costs nothing. Terminals have few colours
and sharp edges, and most of a picture is as it was in the one before.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

from recordings.media.terminal.drawing import Drawing
from recordings.media.terminal.theme import RGB, Colours

if TYPE_CHECKING:
    from PIL.Image import Image

MILLISECOND = 1000  # microseconds
CODECS = {"mp4": "libx264", "webm": "libvpx-vp9", "gif": "gif"}
OPTIONS = {
    "mp4": {"preset": "veryfast", "crf": "22", "tune": "animation"},
    "webm": {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0", "row-mt": "1"},
    "gif": {},
}
TYPES = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif"}
KEY_EVERY = 100  # pictures
SHADES = 6  # between a colour and the background, for the edges of letters
CUBE = (0, 64, 128, 192, 255)

Encode = Callable[[int, bool], None]
"""Add the picture that is drawn now at a moment, in microseconds; False: it is the same as before."""


@contextmanager
def encoder(form: str, sink: BinaryIO, drawing: Drawing) -> Iterator[Encode]:
    """Encodes what is drawn to an open file, which can seek. Moments must increase by a millisecond at least."""
    import av

    with av.open(sink, "w", format=form) as container:
        stream: Any = container.add_stream(CODECS[form], options=OPTIONS[form])
        stream.width, stream.height = drawing.picture.size
        stream.pix_fmt = "pal8" if form == "gif" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = KEY_EVERY
        make = _Indexed(drawing.colours) if form == "gif" else _true_colour
        kept: list[Any] = []

        def encode(at: int, changed: bool) -> None:
            if changed or not kept:
                kept[:] = [make(drawing.picture)]
            frame = kept[0]
            frame.pts, frame.time_base = at // MILLISECOND, Fraction(1, 1000)
            container.mux(stream.encode(frame))

        yield encode
        container.mux(stream.encode(None))


def _true_colour(picture: "Image") -> Any:
    import av

    frames: Any = av.VideoFrame
    return frames.from_image(picture).reformat(format="yuv420p")


class _Indexed:
    """Makes pictures of 256 colours: the terminal's, what is between them and the background, and a cube."""

    def __init__(self, colours: Colours) -> None:
        from PIL import Image

        palette = list(_palette(colours))[:256]
        self._palette = Image.new("P", (1, 1))
        self._palette.putpalette([part for colour in palette for part in colour])
        # As ffmpeg has it: 256 times blue, green, red, opaque.
        padded = [*palette, *[(0, 0, 0)] * (256 - len(palette))]
        self._bgra = b"".join(bytes((blue, green, red, 255)) for red, green, blue in padded)

    def __call__(self, picture: "Image") -> Any:
        import av
        from PIL import Image

        indices = picture.quantize(palette=self._palette, dither=Image.Dither.NONE)
        frame = av.VideoFrame(*picture.size, "pal8")
        plane = frame.planes[0]
        rows = indices.tobytes()
        width, padding = picture.width, bytes(plane.line_size - picture.width)
        plane.update(b"".join(rows[at : at + width] + padding for at in range(0, len(rows), width)))
        frame.planes[1].update(self._bgra)
        return frame


def _palette(colours: Colours) -> Iterator[RGB]:
    ground = colours.background
    yield ground
    for colour in (colours.foreground, *colours.indexed[:16]):
        for shade in range(1, SHADES + 1):
            mixed = [under + (over - under) * shade // SHADES for over, under in zip(colour, ground, strict=True)]
            yield mixed[0], mixed[1], mixed[2]
    yield from ((red, green, blue) for red in CUBE for green in CUBE for blue in CUBE)
