"""How the output of a command without a terminal is shown, event by event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.capture.presentation import CommandText, prompt_lines, redacted, visible

RED, END = "\x1b[31m", "\x1b[0m"


def shown(*pieces: tuple[str, str | bytes]) -> list[str]:
    text = CommandText()
    events = [event for code, data in pieces for event in text.events(code, as_bytes(data))]
    return [data.decode() for _, data in [*events, *text.end()]]


def as_bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["a\nb\n"], "a\r\nb\r\n"),
        (["a\r\nb"], "a\r\nb"),
        (["a\r", "\nb"], "a\r\nb"),
        (["a\r", "b\n"], "a\rb\r\n"),
        (["\n\n"], "\r\n\r\n"),
        (["a\n", "\n"], "a\r\n\r\n"),
        (["50%\r100%\r\n"], "50%\r100%\r\n"),
    ],
)
def test_lone_line_feeds_get_their_carriage_return(pieces: list[str], expected: str) -> None:
    assert "".join(shown(*(("o", piece) for piece in pieces))) == expected


@given(st.lists(st.sampled_from(["a", "\r", "\n", "\r\n", ""]), max_size=12), st.integers(0, 12))
def test_where_output_is_cut_makes_no_difference(parts: list[str], cut: int) -> None:
    text = "".join(parts)
    assert "".join(shown(("o", text[:cut]), ("o", text[cut:]))) == "".join(shown(("o", text)))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("bad\n", f"{RED}bad\r\n{END}"),
        ("a\x1b[0mb", f"{RED}a\x1b[0;31mb{END}"),
        ("a\x1b[mb", f"{RED}a\x1b[0;31mb{END}"),
        ("a\x1b[0;1mb", f"{RED}a\x1b[0;31;1mb{END}"),
        ("\x1b[32mok\x1b[0m no", f"{RED}\x1b[32mok\x1b[0;31m no{END}"),
        ("\x1b[38;5;0mx", f"{RED}\x1b[38;5;0mx{END}"),
    ],
)
def test_errors_are_red_and_stay_so(error: str, expected: str) -> None:
    assert shown(("e", error)) == [expected]


@pytest.mark.parametrize("cut", range(1, len("a\x1b[0mb")))
def test_a_reset_cut_between_reads_does_not_end_the_red(cut: int) -> None:
    error = "a\x1b[0mb"
    pieces = shown(("e", error[:cut]), ("e", error[cut:]))
    assert "".join(pieces).replace(END + RED, "") == f"{RED}a\x1b[0;31mb{END}"
    for piece in pieces:
        assert piece.startswith(RED)
        assert piece.endswith(END)
        assert piece != RED + END


def test_characters_cut_in_either_stream_stay_whole() -> None:
    for data in ("日本語".encode(), "👩‍🚀".encode()):
        for cut in range(1, len(data)):
            pieces = [("o", data[:cut]), ("e", data[:cut]), ("o", data[cut:]), ("e", data[cut:])]
            assert "\ufffd" not in "".join(shown(*pieces))


def test_a_prompt_begins_on_a_line_of_its_own_and_in_no_colour_left_over() -> None:
    text = CommandText()
    assert [data for _, data in text.prompt("ls")] == [b"$ ls\r\n"]
    list(text.events("o", b"no line end"))
    assert [data for _, data in text.prompt("id")] == [b"\r\n", b"$ id\r\n"]
    list(text.events("o", b"\x1b[32mgreen\n"))
    assert [data for _, data in text.prompt("id")] == [b"\x1b[0m", b"$ id\r\n"]


def test_exit_statuses_have_a_line_of_their_own_and_zero_has_none() -> None:
    text = CommandText()
    list(text.events("o", b"partial"))
    assert [data for _, data in text.exit(1)] == [b"\r\n", b"[exit 1]\r\n"]
    list(text.events("e", b"whole\n"))
    assert [data for _, data in text.exit(137)] == [b"[exit 137]\r\n"]
    assert list(text.exit(0)) == []
    assert [data for _, data in text.lost()] == [b"[error: connection lost]\r\n"]


def test_a_command_of_several_lines_is_shown_as_a_shell_does() -> None:
    assert prompt_lines("for i in 1 2\ndo echo $i\r\ndone") == b"$ for i in 1 2\r\n> do echo $i\r\n> done\r\n"


def test_controls_in_a_command_are_shown_and_not_obeyed() -> None:
    assert prompt_lines("echo \x1b[31m\x07\t\x9b\u202e") == b"$ echo ^[[31m^G^I\\u009b\\u202e\r\n"
    assert visible("plain ü") == "plain ü"
    assert visible("\x7f") == "^?"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("tool --password=hunter2 x", "tool --password=*** x"),
        ("tool --password hunter2 x", "tool --password *** x"),
        ("tool --db-password='a b' x", "tool --db-password=*** x"),
        ("API_TOKEN=abc make", "API_TOKEN=*** make"),
        ("export AWS_SECRET_ACCESS_KEY=abc; ls", "export AWS_SECRET_ACCESS_KEY=***; ls"),
        ("mysql -u root -phunter2 db", "mysql -u root -p*** db"),
        ("mkdir -p/tmp/x", "mkdir -p/tmp/x"),
        ("ssh -p2222 host", "ssh -p2222 host"),
        ("curl https://u:hunter2@host/", "curl https://u:***@host/"),
        ("curl -H 'Authorization: Bearer abc.def' x", "curl -H 'Authorization: Bearer ***' x"),
        ("cat password.txt", "cat password.txt"),
    ],
)
def test_secrets_known_by_name_are_hidden_in_prompt_lines(command: str, expected: str) -> None:
    assert redacted(command) == expected


def test_a_pattern_of_ones_own_hides_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SORTIE_REDACT", r"\bcust-\d+")
    assert redacted("lookup cust-4711 --token=abc") == "lookup *** --token=***"
