"""What vim, less and tmux showed is found, at a time at which it stood on the screen."""

import shutil
from pathlib import Path

import pytest

from recordings.media.asciicast import Cast
from recordings.media.terminal.transcript import Line, screen_at, transcribed
from tests.terminal.sessions import recorded


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def read(path: Path) -> list[Line]:
    """The transcript of a recording. Every line of it stood on the screen when it says."""
    with path.open("rb") as file:
        cast = Cast(file)
        size = (cast.header.width, cast.header.height)
        lines = transcribed(*size, cast.events()).lines
        assert lines
        for line in lines:
            shown = screen_at(*size, cast.events(), line.at_ms * 1000).lines()
            assert not line.text or any(line.text in row for row in shown), (line, shown)
    return lines


def has(lines: list[Line], phrase: str) -> bool:
    return any(phrase in line.text for line in lines)


@needs("less")
def test_every_page_of_less(tmp_path: Path) -> None:
    acts = [("row 028", " "), ("row 057", " "), ("row 086", "/row 110\r"), ("row 119", "q")]
    lines = read(recorded(tmp_path / "home", ["less", "file.txt"], *acts))
    for number in [*range(87), *range(110, 120)]:
        assert has(lines, f"row {number:03}: "), number
    assert has(lines, "漢字とかな")
    assert has(lines, "10.20.30.40")


@needs("vim")
def test_what_was_read_and_written_in_vim(tmp_path: Path) -> None:
    command = ["vim", "--clean", "--noplugin", "file.txt"]
    acts = [
        ("row 028", "\x06"),  # a page on
        ("row 050", "oa secret plan\x1b"),
        ("a secret plan", ":q!\r"),
    ]
    lines = read(recorded(tmp_path / "home", command, *acts))
    for phrase in ("row 000: the quick brown fox", "row 028", "row 040", "漢字とかな", "a secret plan"):
        assert has(lines, phrase), phrase
    assert sum("a secret" in line.text for line in lines) == 1


@needs("tmux")
def test_a_shell_inside_tmux(tmp_path: Path) -> None:
    socket = str(tmp_path / "socket")
    tmux = ["tmux", "-f", "/dev/null", "-S", socket, "new-session", "sh"]
    acts = [
        (r"[$#] ", "PS1='in''side> '\r"),
        ("inside> ", "seq 100 160 | sed s/^/number-/\r"),
        ("number-160", "echo kube''ctl de''lete pod\r"),
        ("kubectl delete pod", "exit\r"),
    ]
    lines = read(recorded(tmp_path / "home", tmux, *acts))
    assert has(lines, "kubectl delete pod")
    assert has(lines, "inside> echo kube''ctl de''lete pod")
    seen = [number for number in range(100, 161) if has(lines, f"number-{number}")]
    assert seen[-25:] == list(range(136, 161))  # tmux itself does not draw what rushes by


def test_a_shell_and_what_was_cleared(tmp_path: Path) -> None:
    shell = ["bash", "--norc", "-i"]
    acts = [
        (r"\$ ", "PS1='> '\r"),
        ("> ", "echo first''-thing; sleep 0.2; printf '\\033[H\\033[2J'; echo second''-thing\r"),
        ("second-thing", "exit\r"),
    ]
    lines = read(recorded(tmp_path / "home", shell, *acts))
    things = [line.text for line in lines if line.text in ("first-thing", "second-thing")]
    assert things == ["first-thing", "second-thing"]
