"""One cell of a terminal as a picture; each is drawn once and then kept.

What has to meet its neighbours exactly is drawn here and not by a font: blocks, and the dots of braille that
progress bars and spinners are made of.
"""

from typing import TYPE_CHECKING

from recordings.media.terminal.fonts import Fonts
from recordings.media.terminal.theme import RGB, Look

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

MOST_KEPT = 20_000  # cells of a kilobyte or two
BRAILLE, BLOCKS = range(0x2800, 0x2900), range(0x2580, 0x25A0)
SHADES = {0x2591: 0.25, 0x2592: 0.5, 0x2593: 0.75}
# Quarters of a cell, by bits: upper left, upper right, lower left, lower right.
QUARTERS = {
    0x2596: 4,
    0x2597: 8,
    0x2598: 1,
    0x2599: 13,
    0x259A: 9,
    0x259B: 7,
    0x259C: 11,
    0x259D: 2,
    0x259E: 6,
    0x259F: 14,
}
# Dots of braille, by their bits: column and row.
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))


class Glyphs:
    """Pictures of cells, each `width` x `height` pixels or, for wide characters, twice as wide."""

    def __init__(self, fonts: Fonts) -> None:
        self.width, self.height = fonts.width, fonts.height
        self._fonts = fonts
        self._kept: dict[tuple[str, int, Look], Image] = {}

    def cell(self, character: str, width: int, look: Look) -> "Image":
        """A character over `width` cells."""
        key = (character, width, look)
        picture = self._kept.get(key)
        if picture is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            picture = self._kept[key] = self._drawn(character, width, look)
        return picture

    def _drawn(self, character: str, width: int, look: Look) -> "Image":
        from PIL import Image, ImageDraw

        size = (self.width * width, self.height)
        picture = Image.new("RGB", size, look.background)
        draw = ImageDraw.Draw(picture)
        code = ord(character[0])
        if code in BRAILLE:
            self._braille(draw, code - BRAILLE.start, look.foreground)
        elif code in BLOCKS:
            self._block(draw, code, look)
        elif not character.isspace():
            self._letter(draw, character, size, look)
        thickness = max(1, self.height // 16)
        for line, at in ((look.underline, self._fonts.ascent + thickness), (look.strikethrough, self.height // 2)):
            if line:
                draw.rectangle((0, at, size[0], at + thickness - 1), look.foreground)
        return picture

    def _letter(self, draw: "ImageDraw", character: str, size: tuple[int, int], look: Look) -> None:
        font = self._fonts.font_for(character, bold=look.bold, italic=look.italic)
        if font is None:  # a box in its place, as browsers draw it
            draw.rectangle((1, size[1] // 5, size[0] - 2, size[1] * 4 // 5), outline=look.foreground)
            return
        left = max(0, round((size[0] - font.getlength(character)) / 2))
        draw.text((left, self._fonts.ascent), character, look.foreground, font=font, anchor="ls")

    def _braille(self, draw: "ImageDraw", bits: int, colour: RGB) -> None:
        dot = max(1, self.width // 5)
        for bit, (column, row) in enumerate(DOTS):
            if bits >> bit & 1:
                x = round((column + 0.5) * self.width / 2 - dot / 2)
                y = round((row + 0.5) * self.height / 4 - dot / 2)
                draw.rectangle((x, y, x + dot - 1, y + dot - 1), colour)

    def _block(self, draw: "ImageDraw", code: int, look: Look) -> None:
        width, height = self.width, self.height
        if code in SHADES:
            share = SHADES[code]
            mixed = [
                round(over * share + under * (1 - share))
                for over, under in zip(look.foreground, look.background, strict=True)
            ]
            draw.rectangle((0, 0, width, height), (mixed[0], mixed[1], mixed[2]))
        elif code in QUARTERS:
            for bit in range(4):
                if QUARTERS[code] >> bit & 1:
                    x, y = bit % 2 * width // 2, bit // 2 * height // 2
                    draw.rectangle((x, y, x + (width + 1) // 2 - 1, y + (height + 1) // 2 - 1), look.foreground)
        else:
            draw.rectangle(self._bar(code), look.foreground)

    def _bar(self, code: int) -> tuple[int, int, int, int]:
        """The rectangle that a part of a cell is: so many eighths from below, from the left, or from elsewhere."""
        right, bottom = self.width - 1, self.height - 1
        if code == 0x2580:
            return 0, 0, right, self.height // 2 - 1
        if code == 0x2594:
            return 0, 0, right, max(0, self.height // 8 - 1)
        if code == 0x2590:
            return self.width // 2, 0, right, bottom
        if code == 0x2595:
            return self.width - max(1, self.width // 8), 0, right, bottom
        if code <= 0x2588:
            return 0, self.height - round((code - 0x2580) * self.height / 8), right, bottom
        return 0, 0, max(1, round((0x2590 - code) * self.width / 8)) - 1, bottom
