"""Videos whose pictures are known, made without a browser."""

import io
from fractions import Fraction

import av
from PIL import Image

SIZE = (64, 48)
RATE = 10


def coloured_film(*colours: str) -> bytes:
    """A WebM file with a second of each colour, ten pictures a second and a single key picture."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=RATE, options={"g": "1000", "deadline": "realtime"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for number in range(len(colours) * RATE):
            image = Image.new("RGB", SIZE, colours[number // RATE])
            picture = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return file.getvalue()
