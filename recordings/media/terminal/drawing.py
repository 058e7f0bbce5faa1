"""A screen as a picture: drawn whole, or row by row where it has changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from recordings.media.asciicast.header import Theme
from recordings.media.terminal.fonts import Fonts
from recordings.media.terminal.glyphs import Glyphs
from recordings.media.terminal.screen import Screen
from recordings.media.terminal.theme import Colours

if TYPE_CHECKING:
    from PIL.Image import Image

MARGIN = 0.5  # of a row's height, around the screen


class Drawing:
    """Draws screens of up to `columns` x `rows` cells, with a margin; `picture` is what is drawn so far."""

    def __init__(self, fonts: Fonts, theme: Theme | None, columns: int, rows: int) -> None:
        from PIL import Image

        self.colours = Colours(theme)
        self._glyphs = Glyphs(fonts)
        self.margin = round(fonts.height * MARGIN)
        self.picture = Image.new("RGB", self.size(columns, rows), self.colours.background)

    def size(self, columns: int, rows: int) -> tuple[int, int]:
        """Width and height in pixels of so many cells with the margin around them, both even as films want them."""
        width = columns * self._glyphs.width + 2 * self.margin
        height = rows * self._glyphs.height + 2 * self.margin
        return width + width % 2, height + height % 2

    def clear(self) -> None:
        """Draw nothing but the background."""
        self.picture.paste(self.colours.background, (0, 0, *self.picture.size))

    def draw(self, screen: Screen, rows: Iterable[int] | None = None) -> None:
        """Draw these rows of a screen, or all of them."""
        cursor = screen.cursor
        for row in range(screen.size[1]) if rows is None else rows:
            self._row(screen, row, cursor[1] if cursor and cursor[0] == row else None)

    def _row(self, screen: Screen, row: int, cursor: int | None) -> None:
        width, height = self._glyphs.width, self._glyphs.height
        cells = screen.row(row).cells
        left, top = self.margin, self.margin + row * height
        self.picture.paste(self.colours.background, (left, top, left + len(cells) * width, top + height))
        # A cursor after the last column stands on it.
        at = None if cursor is None else min(cursor, len(cells) - 1)
        for column, cell in enumerate(cells):
            if not cell.width:
                continue  # the other half of a wide character
            if left + column * width >= self.picture.width:
                break
            look = self.colours.look(cell.pen)
            if column == at:
                look = look.inverse
            elif cell.char == " " and look == self.colours.plain:
                continue
            self.picture.paste(self._glyphs.cell(cell.char, cell.width, look), (left + column * width, top))


def drawn(screen: Screen, fonts: Fonts, theme: Theme | None) -> "Image":
    """A picture of a whole screen."""
    drawing = Drawing(fonts, theme, *screen.size)
    drawing.draw(screen)
    return drawing.picture
