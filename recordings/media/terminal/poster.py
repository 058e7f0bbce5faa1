"""Pictures of one screen: a poster in the shape of all others, and a sharp one to look at."""

import io
from typing import TYPE_CHECKING

from recordings.media.asciicast.header import Theme
from recordings.media.terminal.drawing import Drawing
from recordings.media.terminal.fonts import Fonts
from recordings.media.terminal.screen import Screen

if TYPE_CHECKING:
    import avt
    from PIL.Image import Image

WIDTH, HEIGHT = 640, 360
# Cells of the smallest part of a screen that fills a poster; 68 columns of our font are 16:9 to 17 rows.
LEAST_COLUMNS, LEAST_ROWS = 68, 17
MOST_COLUMNS, MOST_ROWS = 300, 100
WIDEST = 1600  # pixels of a sharp picture
QUALITY = 85


def poster(screen: Screen, fonts: Fonts, theme: Theme | None) -> bytes:
    """A JPEG of `WIDTH` x `HEIGHT` pixels with all that is written on the screen, as large as it will go."""
    from PIL import Image

    columns, rows = _used(screen)
    drawing = Drawing(fonts, theme, *_bounded(screen.size))
    drawing.draw(screen, range(min(rows, MOST_ROWS)))
    width, height = drawing.size(max(LEAST_COLUMNS, columns), max(LEAST_ROWS, rows))
    width, height = max(width, height * WIDTH // HEIGHT), max(height, width * HEIGHT // WIDTH)
    shaped = Image.new("RGB", (width, height), drawing.colours.background)
    shaped.paste(drawing.picture, (0, 0))
    return _encoded(shaped.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), "JPEG")


def picture(screen: Screen, fonts: Fonts, theme: Theme | None) -> tuple[bytes, tuple[int, int]]:
    """A PNG of the whole screen, at most `WIDEST` pixels wide, and its width and height."""
    from PIL import Image

    drawing = Drawing(fonts, theme, *_bounded(screen.size))
    drawing.draw(screen, range(_bounded(screen.size)[1]))
    made = drawing.picture
    if made.width > WIDEST:
        made = made.resize((WIDEST, made.height * WIDEST // made.width), Image.Resampling.LANCZOS)
    return _encoded(made, "PNG"), made.size


def prepare() -> None:
    """Load what makes these pictures."""
    import PIL.Image
    import PIL.ImageDraw
    import PIL.ImageFont  # noqa: F401

    PIL.Image.init()


def _bounded(size: tuple[int, int]) -> tuple[int, int]:
    return min(size[0], MOST_COLUMNS), min(size[1], MOST_ROWS)


def _used(screen: Screen) -> tuple[int, int]:
    """The columns and rows in which something is written."""
    columns = rows = 0
    for index in range(screen.size[1]):
        cells = screen.row(index).cells
        last = next((at for at in range(len(cells) - 1, -1, -1) if not _is_blank(cells[at])), -1)
        if last >= 0:
            columns, rows = max(columns, last + 1), index + 1
    return min(columns, MOST_COLUMNS), min(rows, MOST_ROWS)


def _is_blank(cell: "avt.Cell") -> bool:
    return cell.char == " " and (cell.pen.is_default() or (cell.pen.background is None and not cell.pen.inverse))


def _encoded(image: "Image", form: str) -> bytes:
    made = io.BytesIO()
    options = {"quality": QUALITY, "subsampling": 0} if form == "JPEG" else {}
    image.save(made, form, optimize=True, **options)
    return made.getvalue()
