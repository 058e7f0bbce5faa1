"""The colours that a terminal is drawn in: those that the recording names, else ours; and the fixed 240 others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recordings.media.asciicast.header import Theme

if TYPE_CHECKING:
    import avt

RGB = tuple[int, int, int]

# asciinema-player's own colours, so that a poster looks like what comes after it.
_DEFAULT = Theme(
    foreground="#cccccc",
    background="#121314",
    palette=(
        *("#000000", "#dd3c69", "#4ebf22", "#ddaf3c", "#26b0d7", "#b954e1", "#54e1b9", "#d9d9d9"),
        *("#4d4d4d", "#dd3c69", "#4ebf22", "#ddaf3c", "#26b0d7", "#b954e1", "#54e1b9", "#ffffff"),
    ),
)
_STEPS = (0, 95, 135, 175, 215, 255)  # of the colour cube that xterm has


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell is drawn."""

    foreground: RGB
    background: RGB
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strikethrough: bool = False

    @property
    def inverse(self) -> "Look":
        return Look(self.background, self.foreground, self.bold, self.italic, self.underline, self.strikethrough)


class Colours:
    """What the 256 colours of a terminal are, and how its pens look."""

    def __init__(self, theme: Theme | None) -> None:
        theme = theme or _DEFAULT
        self.foreground = _rgb(theme.foreground)
        self.background = _rgb(theme.background)
        named = [_rgb(colour) for colour in theme.palette]
        cube = [(red, green, blue) for red in _STEPS for green in _STEPS for blue in _STEPS]
        greys = [(8 + 10 * step,) * 3 for step in range(24)]
        self.indexed: list[RGB] = [*named, *named[: 16 - len(named)], *cube, *greys]
        self.plain = Look(self.foreground, self.background)

    def look(self, pen: "avt.Pen") -> Look:
        """How what is written with a pen looks."""
        if pen.is_default():
            return self.plain
        foreground = self._colour(pen.foreground) or self.foreground
        background = self._colour(pen.background) or self.background
        if pen.inverse:
            foreground, background = background, foreground
        if pen.faint:
            foreground = _between(foreground, background)
        return Look(foreground, background, pen.bold, pen.italic, pen.underline, pen.strikethrough)

    def _colour(self, colour: "avt.Color | None") -> RGB | None:
        if colour is None:
            return None
        parts: tuple[int, ...] = tuple(colour)  # type: ignore[arg-type]
        return (parts[0], parts[1], parts[2]) if len(parts) == 3 else self.indexed[parts[0]]


def _rgb(colour: str) -> RGB:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _between(one: RGB, other: RGB) -> RGB:
    return (one[0] + other[0]) // 2, (one[1] + other[1]) // 2, (one[2] + other[2]) // 2
