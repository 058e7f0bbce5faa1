"""Lines of a cast, and text cut anywhere."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.capture.asciicast import Utf8Stream, event_line, header_line, json_string

PIECES = st.lists(st.binary(max_size=40), max_size=8)
AWKWARD = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from('"\\\n\r\t\x1b\x00\x07\x7f\x9b\u2028')))


@given(AWKWARD)
def test_any_text_comes_back_from_json_as_it_was(text: str) -> None:
    line = json_string(text.encode())
    assert json.loads(line) == text
    assert b"\n" not in line


@given(PIECES)
def test_bytes_cut_anywhere_come_to_the_same_text_as_in_one_piece(pieces: list[bytes]) -> None:
    stream = Utf8Stream()
    taken = [stream.take(piece) for piece in pieces]
    for text in taken:
        text.decode("utf-8")
    whole = b"".join([*taken, stream.end()]).decode("utf-8")
    assert whole == b"".join(pieces).decode("utf-8", "replace")


@given(st.text(st.characters(codec="utf-8")), st.integers(min_value=1, max_value=5))
def test_valid_text_is_never_damaged_by_cuts(text: str, length: int) -> None:
    data = text.encode()
    stream = Utf8Stream()
    pieces = [stream.take(bytearray(data[start : start + length])) for start in range(0, len(data), length)]
    assert b"".join(pieces) == data
    assert stream.end() == b""


def test_an_event_is_one_line_with_microseconds() -> None:
    assert event_line(1.5, "o", b"a\n") == b'[1.500000,"o","a\\n"]\n'
    assert event_line(0.00000049, "x", b"0") == b'[0.000000,"x","0"]\n'


def test_a_header_leaves_out_what_is_empty() -> None:
    line = header_line(80, 24, 1700000000, {"title": "", "env": {}, "command": "é", "sortie": {"user": "u"}})
    assert json.loads(line) == {
        "version": 2,
        "width": 80,
        "height": 24,
        "timestamp": 1700000000,
        "command": "é",
        "sortie": {"user": "u"},
    }
    assert line.endswith(b"}\n")


def test_a_name_that_is_not_unicode_does_not_break_the_header() -> None:
    line = header_line(80, 24, 0, {"command": b"\xff".decode("utf-8", "surrogateescape")})
    assert json.loads(line.decode("utf-8"))["command"] == "?"


@pytest.mark.parametrize("character", [chr(code) for code in range(32)])
def test_every_control_character_is_escaped(character: str) -> None:
    assert json.loads(json_string(character.encode())) == character
