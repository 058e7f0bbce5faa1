"""What of a recording may reach a terminal. Everything not known to draw is left out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.capture.screen import Screen

DRAWING = [
    "plain ünï 日本 👩‍🚀\r\n\t\b\x07\x0b\x0c",
    "\x1b[31;1mred\x1b[0m\x1b[38;2;1;2;3mrgb\x1b[38:5:9mcolon\x1b[m",
    "\x1b[2J\x1b[H\x1b[10;20H\x1b[5A\x1b[5B\x1b[5C\x1b[5D\x1b[3G\x1b[4d\x1b[K\x1b[1K\x1b[2K\x1b[J",
    "\x1b[?1049h\x1b[?25l\x1b[2;20r\x1b[3S\x1b[3T\x1b[2L\x1b[2M\x1b[4P\x1b[5@\x1b[6X\x1b[7b\x1b[?25h\x1b[?1049l",
    "\x1b7\x1b8\x1bD\x1bE\x1bM\x1b(0lqk\x1b(B\x0e\x0f\x1b#8\x1b[s\x1b[u",
    "\x1b[4h\x1b[4l\x1b[?7l\x1b[?7h\x1b[!p\x1b[3 q",
]
LEFT_OUT = [
    # Who are you, where is the cursor, what are your settings?
    *("\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[=c", "\x1bZ", "\x05", "\x1b[x", "\x1b[>q", "\x1b[>0q"),
    *("\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[?996n", "\x1b[?15;3$p", "\x1b[1$p", "\x1b[?u", "\x1b[?4m"),
    # Windows, titles, the clipboard, links, notifications, files.
    *("\x1b[14t", "\x1b[18t", "\x1b[21t", "\x1b[8;50;100t", "\x1b[3;0;0t", "\x1b[22;0t"),
    *("\x1b]0;title\x07", "\x1b]2;title\x1b\\", "\x1b]52;c;aGk=\x07", "\x1b]52;c;?\x1b\\"),
    *("\x1b]10;?\x07", "\x1b]4;1;?\x07", "\x1b]8;;https://evil\x1b\\", "\x1b]9;notify\x07"),
    *("\x1b]777;notify;a;b\x07", "\x1b]1337;File=:aGk=\x07", "\x1b]0;ünï\x9c"),
    *("\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\", "\x1bPq#0~\x1b\\", "\x1b_Gi=1;AAAA\x1b\\"),
    *("\x1b^private\x1b\\", "\x1bXstring\x1b\\"),
    # Modes of the mouse, the keyboard and pasting, printing, tabs, margins, character sets.
    *("\x1b[?1000h", "\x1b[?1006h", "\x1b[?1004h", "\x1b[?2004h", "\x1b[?1h", "\x1b[?3h", "\x1b=", "\x1b>"),
    *("\x1b[>1u", "\x1b[<u", "\x1b[=1;1u", "\x1b[>4;2m", "\x1b[2h", "\x1b[12h", "\x1b[5i", "\x1b[?5i"),
    *("\x1b[3g", "\x1bH", "\x1b[1;2s", "\x1b[?1;2S", '\x1b[0"q', "\x1b%@", "\x1b%G", "\x1bl", "\x1bn", "\x1bo"),
    *("\x1bN", "\x1bO", "\x1b\\"),
    # The scrollback belongs to the viewer.
    "\x1b[3J",
    *("\x85", "\x9b", "\x9d", "\x00", "\x7f", "\x11", "\x18"),
]


@pytest.mark.parametrize("text", DRAWING)
def test_what_draws_passes_as_it_is(text: str) -> None:
    assert Screen().show(text) == text


@pytest.mark.parametrize("text", LEFT_OUT)
def test_what_does_more_than_draw_is_left_out(text: str) -> None:
    assert Screen().show(f"before{text}after") == "beforeafter"


@pytest.mark.parametrize("text", LEFT_OUT + DRAWING)
def test_events_that_cut_a_sequence_make_no_difference(text: str) -> None:
    whole = Screen().show(f"<{text}>")
    for cut in range(1, len(text) + 1):
        screen = Screen()
        assert screen.show("<" + text[:cut]) + screen.show(text[cut:] + ">") == whole
    one_by_one = Screen()
    assert "".join(one_by_one.show(character) for character in f"<{text}>") == whole


def test_of_several_modes_in_one_sequence_only_harmless_ones_pass() -> None:
    assert Screen().show("\x1b[?1000;25;2004;7h") == "\x1b[?25;7h"


def test_a_full_reset_keeps_the_scrollback() -> None:
    shown = Screen().show("\x1bc")
    assert "\x1bc" not in shown
    assert "\x1b[2J" in shown
    assert "\x1b[3J" not in shown


@pytest.mark.parametrize(
    "text", ["\x1b[6\x00n", "\x1b[\x1b[6n", "\x1b\x1b[c", "\x1b[6\x18n", "\x1b[5\x1b]52;c;?\x07n"]
)
def test_what_terminals_would_put_together_again_is_not_there_to_be(text: str) -> None:
    assert "\x1b" not in Screen().show(f"{text}x")


ALLOWED = re.compile(
    r"\x1b\[[0-9;:]*[ABCDEFGHIJKLMPSTXZ@`abdefmr]|\x1b\[\?[0-9;]+[hl]|\x1b\[4[hl]|\x1b\[[su]"
    r"|\x1b\[!p|\x1b\[[0-9]* q|\x1b[78DEM]|\x1b[()][0AB12]|\x1b#[34568]"
)
NOISE = st.lists(
    st.one_of(
        st.text(max_size=4),
        st.sampled_from(["\x1b", "\x1b[", "\x1b]", "\x1bP", "\x07", "\x1b\\", "\x9b", "\x9c", "\x18"]),
        st.sampled_from("?;6nch"),
        st.sampled_from(LEFT_OUT + DRAWING),
    ),
    max_size=30,
)


@given(NOISE)
def test_whatever_is_recorded_only_drawing_comes_out(pieces: list[str]) -> None:
    screen = Screen()
    shown = "".join(screen.show(piece) for piece in pieces) + screen.reset()
    rest = ALLOWED.sub("", shown)
    assert "\x1b" not in rest
    assert not re.search("[\x00-\x06\x10-\x1a\x1c-\x1f\x7f-\x9f]", rest)


def test_a_string_without_end_costs_no_memory() -> None:
    screen = Screen()
    for _ in range(50):
        assert screen.show("\x1b]0;" + "x" * 100_000) == ""
    assert screen.show("\x07after") == "after"


@pytest.mark.parametrize(
    ("text", "undone"),
    [
        ("plain", "\x1b[0m"),
        ("\x1b[?25l", "\x1b[?25h\x1b[0m"),
        ("\x1b[?25l\x1b[?25h", "\x1b[0m"),
        ("\x1b[?1049h", "\x1b[?1049l\x1b[0m"),
        ("\x1b[?47h\x1b[?25l", "\x1b[?25h\x1b[?47l\x1b[0m"),
        ("\x1b[?7l\x1b[?5h", "\x1b[?5l\x1b[?7h\x1b[0m"),
        ("\x1b[2;10r", "\x1b7\x1b[r\x1b8\x1b[0m"),
        ("\x1b(0", "\x1b(B\x0f\x1b[0m"),
        ("\x1b[4h", "\x1b[4l\x1b[0m"),
        ("\x1b[5 q", "\x1b[0 q\x1b[0m"),
    ],
)
def test_modes_left_on_are_put_back_and_no_others(text: str, undone: str) -> None:
    screen = Screen()
    screen.show(text)
    assert screen.reset() == undone
