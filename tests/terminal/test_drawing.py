"""Screens as pictures: the right colours in the right places, and nothing where nothing was written."""

import io
from functools import cache

import PIL.Image
import pytest

from recordings.media.asciicast.header import Theme
from recordings.media.terminal import fonts as fonts_module
from recordings.media.terminal import poster
from recordings.media.terminal.drawing import Drawing
from recordings.media.terminal.fonts import Fonts
from recordings.media.terminal.glyphs import Glyphs
from recordings.media.terminal.screen import Screen
from recordings.media.terminal.theme import RGB, Colours

BACKGROUND, FOREGROUND = (0x12, 0x13, 0x14), (0xCC, 0xCC, 0xCC)
LIGHT = Theme("#101010", "#fafafa", tuple(f"#{n:02x}0000" for n in range(8)))


@cache
def fonts() -> Fonts:
    return Fonts(20)


def screen(text: str, columns: int = 10, rows: int = 3) -> Screen:
    shown = Screen(columns, rows)
    shown.feed(f"{text}\x1b[?25l")
    return shown


def cell_of(
    text: str, column: int = 0, row: int = 0, theme: Theme | None = None, width: int = 1
) -> PIL.Image.Image:
    """One cell of the screen on which this text was written."""
    shown = screen(text)
    drawing = Drawing(fonts(), theme, *shown.size)
    drawing.draw(shown)
    left, top = drawing.margin + column * fonts().width, drawing.margin
    return drawing.picture.crop((left, top, left + width * fonts().width, top + fonts().height))


def colours(picture: PIL.Image.Image) -> set[RGB]:
    return {colour for _, colour in picture.getcolors(100_000) or []}  # type: ignore[misc]


def ink(picture: PIL.Image.Image) -> int:
    """Pixels that are not background."""
    return sum(count for count, colour in picture.getcolors(100_000) or [] if colour != BACKGROUND)


def test_a_letter_is_drawn_in_its_colour_on_its_background() -> None:
    found = colours(cell_of("\x1b[38;2;255;0;0;48;2;0;0;255mX"))
    assert {(255, 0, 0), (0, 0, 255)} <= found
    assert not any(green for _, green, _ in found)


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ("\x1b[31m", (0xDD, 0x3C, 0x69)),
        ("\x1b[91m", (0xDD, 0x3C, 0x69)),
        ("\x1b[38;5;196m", (255, 0, 0)),
        ("\x1b[38;5;244m", (128, 128, 128)),
        ("\x1b[38;2;1;200;3m", (1, 200, 3)),
        ("\x1b[7m", BACKGROUND),
        ("\x1b[2m", ((0xCC + 0x12) // 2, (0xCC + 0x13) // 2, (0xCC + 0x14) // 2)),
        ("", FOREGROUND),
    ],
)
def test_every_kind_of_colour(sequence: str, expected: RGB) -> None:
    assert expected in colours(cell_of(f"{sequence}█"))


def test_a_recording_may_bring_its_colours() -> None:
    assert colours(cell_of("\x1b[33m█", theme=LIGHT)) == {(3, 0, 0)}
    assert colours(cell_of("\x1b[93m█", theme=LIGHT)) == {(3, 0, 0)}
    assert colours(cell_of(" ", theme=LIGHT)) == {(0xFA, 0xFA, 0xFA)}


def test_bold_is_bolder_and_italic_is_another_letter() -> None:
    plain, bold, italic = (cell_of(f"{start}e") for start in ("", "\x1b[1m", "\x1b[3m"))
    assert ink(bold) > ink(plain)
    assert italic.tobytes() != plain.tobytes()


@pytest.mark.parametrize("sequence", ["\x1b[4m", "\x1b[9m"])
def test_lines_under_and_through_run_across_cells(sequence: str) -> None:
    picture = cell_of(f"{sequence}  ", width=2)
    rows = [{picture.getpixel((x, y)) for x in range(picture.width)} for y in range(picture.height)]
    assert {FOREGROUND} in rows


def test_the_cursor_stands_where_it_stood() -> None:
    shown = Screen(4, 1)
    shown.feed("ab")
    drawing = Drawing(fonts(), None, 4, 1)
    drawing.draw(shown)
    x, y = drawing.margin + 2 * fonts().width + 3, drawing.margin + 3
    assert drawing.picture.getpixel((x, y)) == FOREGROUND
    shown.feed("cdX")
    drawing.draw(shown)
    assert drawing.picture.getpixel((x - 2 * fonts().width, y)) == BACKGROUND


def test_wide_characters_take_two_cells() -> None:
    both = cell_of("漢", width=2)
    assert ink(both.crop((0, 0, fonts().width, fonts().height)))
    assert ink(both.crop((fonts().width, 0, 2 * fonts().width, fonts().height)))


def test_frames_are_closed_and_blocks_fill_their_cells() -> None:
    bars = screen("│\r\n│\r\n│", 3, 3)
    drawing = Drawing(fonts(), None, 3, 3)
    drawing.draw(bars)
    middle = drawing.margin + fonts().width // 2
    column = [drawing.picture.getpixel((middle, drawing.margin + y)) for y in range(3 * fonts().height)]
    assert BACKGROUND not in column
    assert colours(cell_of("█")) == {FOREGROUND}
    half = cell_of("▄")
    assert (ink(half), half.getpixel((0, 0))) == (fonts().width * round(fonts().height / 2), BACKGROUND)


@pytest.mark.parametrize("code", [*range(0x2580, 0x25A0), *range(0x2801, 0x2900, 17)])
def test_every_block_and_every_dot_is_drawn_inside_its_cell(code: int) -> None:
    assert ink(cell_of(chr(code)))
    assert not ink(cell_of(chr(code), column=1))


def test_eight_dots_are_more_than_one() -> None:
    assert [ink(cell_of(chr(0x2800 + bits))) for bits in (0, 1, 3, 255)] == [0, 4, 8, 32]


def test_what_no_font_has_is_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts_module, "FOLDERS", ())
    look = Colours(None).plain
    alone = Glyphs(Fonts(20))
    assert ink(alone.cell("漢", 2, look)) > 40
    assert alone.cell("漢", 2, look).tobytes() == alone.cell("字", 2, look).tobytes()
    assert alone.cell("a", 1, look).tobytes() != alone.cell("b", 1, look).tobytes()


@pytest.mark.parametrize(
    "character", ["\u202e", "\u0301", "\u200d", "\ufffd", "\U0001f600", "\u0600", "\uffff", "\xad"]
)
def test_strange_characters_are_drawn_somehow(character: str) -> None:
    assert cell_of(f"a{character}b", width=3).size == (3 * fonts().width, fonts().height)


def poster_of(shown: Screen) -> PIL.Image.Image:
    data = poster.poster(shown, fonts(), None)
    image = PIL.Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("JPEG", (poster.WIDTH, poster.HEIGHT))
    return image


def test_a_poster_shows_little_text_large_and_much_text_whole() -> None:
    little, much = poster_of(screen("$ ls\r\nfile", 200, 60)), poster_of(screen("\x1b[60;195Hfile", 200, 60))
    assert ink_of_jpeg(little.crop((0, 0, 100, 60))) > 150
    assert ink_of_jpeg(much.crop((490, 320, 640, 360))) > 10
    assert not ink_of_jpeg(much.crop((0, 0, 300, 100)))


def ink_of_jpeg(picture: PIL.Image.Image) -> int:
    histogram: list[int] = picture.convert("L").histogram()
    return sum(histogram[64:])


@pytest.mark.parametrize("size", [(2, 1), (1000, 1000), (1000, 2)])
def test_posters_of_terminals_of_any_size(size: tuple[int, int]) -> None:
    poster_of(screen("\x1b[41m\x1b[2Jab\x1b[999;999Hyz", *size))


def test_a_sharp_picture_is_no_larger_than_a_page() -> None:
    data, size = poster.picture(screen("x", 300, 50), fonts(), None)
    image = PIL.Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("PNG", size)
    assert size[0] == poster.WIDEST
