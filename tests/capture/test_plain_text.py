"""Recorded output as lines of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.capture.plain_text import PlainText

CASES = [
    ("one\r\ntwo\r\n", ["one", "two"]),
    ("no end", ["no end"]),
    ("\x1b[31mred\x1b[0m and \x1b[1mbold\x1b[0m\r\n", ["red and bold"]),
    ("10%\r50%\r100%\r\n", ["100%"]),
    ("100%\r7\x1b[K\r\n", ["7"]),
    ("lss\b \b -l\r\n", ["ls -l"]),
    ("abc\x1b[2DX\r\n", ["aXc"]),
    ("abc\x1b[1GX\x1b[5Gy\r\n", ["Xbc y"]),
    ("abcdef\r\x1b[2P\r\n", ["cdef"]),
    ("abc\r\x1b[2@xy\r\n", ["xyabc"]),
    ("abcdef\r\x1b[3X\r\n", ["   def"]),
    ("abc\x1b[1K\r\n", [""]),
    ("a\tb\r\n", ["a       b"]),
    ("\x1b]0;title\x07text\x1bP+q\x1b\\\r\n", ["text"]),
    ("shell$ vim\r\n\x1b[?1049h\x1b[Hfull screen\r\n~\r\n\x1b[?1049lshell$ \r\n", ["shell$ vim", "shell$"]),
    ("above\x1b[5;1Hbelow\r\n", ["above", "below"]),
    ("trailing   \r\n\r\nlast\r\n", ["trailing", "", "last"]),
    ("żółć 日本\r\n", ["żółć 日本"]),
]


@pytest.mark.parametrize(("shown", "lines"), CASES)
def test_lines_are_as_they_finally_stood(shown: str, lines: list[str]) -> None:
    text = PlainText()
    assert [*text.take(shown), *text.end()] == lines


@pytest.mark.parametrize(("shown", "lines"), CASES)
def test_where_events_end_makes_no_difference(shown: str, lines: list[str]) -> None:
    text = PlainText()
    taken = [line for character in shown for line in text.take(character)]
    assert [*taken, *text.end()] == lines


@given(st.lists(st.one_of(st.text(), st.sampled_from([case[0] for case in CASES])), max_size=10))
def test_whatever_is_recorded_text_comes_out(pieces: list[str]) -> None:
    text = PlainText()
    lines = [line for piece in pieces for line in text.take(piece)] + text.end()
    assert not any(set(line) & {chr(code) for code in (*range(32), 127)} for line in lines)


def test_far_columns_and_endless_sequences_cost_no_memory() -> None:
    text = PlainText()
    text.take("\x1b[999999999Cx\r\x1b[999999999@")
    for _ in range(30):
        text.take("\x1b]0;" + "x" * 50_000)
    assert max(len(line) for line in [*text.take("\x07\r\n"), *text.end()]) < 10_000
