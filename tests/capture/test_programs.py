"""Programs that use a terminal to the full: tmux, vim, less. What they drew is in the recording."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.capture import casts
from tests.capture.conftest import OpenTerminal


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@needs("tmux")
def test_tmux_fills_the_terminal_and_follows_its_size(sortie: OpenTerminal, home: Path) -> None:
    socket = str(home / "socket")
    command = [
        "tmux",
        "-f",
        "/dev/null",
        "-S",
        socket,
        "new-session",
        "sh",
        "-c",
        "stty size; read x; stty size; read x",
    ]
    with sortie("rec", "-q", "--", *command, columns=97, rows=31) as terminal:
        # One row is tmux's status line.
        terminal.wait_for("30 97")
        terminal.resize(111, 41)
        terminal.press("\r")
        terminal.wait_for("40 111")
        terminal.press("\r")
        assert terminal.wait() == 0
    header, events = casts.read(casts.only(home))
    assert (header["width"], header["height"]) == (97, 31)
    assert [data for _, code, data in events if code == "r"] == ["111x41"]
    assert "30 97" in casts.text_of(casts.only(home))


@needs("tmux")
def test_a_tmux_can_be_left_and_found_again(sortie: OpenTerminal, home: Path) -> None:
    socket = str(home / "socket")
    tmux = ["tmux", "-f", "/dev/null", "-S", socket]
    with sortie("rec", "-q", "--", *tmux, "new-session", "sh", "-c", "echo inside; sleep 60") as terminal:
        terminal.wait_for("inside")
        # Not by a key: tmux waits for answers from the terminal at first, and may take the key for one.
        subprocess.run([*tmux, "detach-client"], check=True)
        assert terminal.wait() == 0
        assert b"[detached" in terminal.shown
    with sortie("rec", "-q", "--", *tmux, "attach") as terminal:
        terminal.wait_for("inside")
        subprocess.run([*tmux, "detach-client"], check=True)
        assert terminal.wait() == 0
    subprocess.run([*tmux, "kill-server"], check=True)


@needs("vim")
def test_vim_edits_a_file_and_leaves_the_terminal_as_it_was(sortie: OpenTerminal, home: Path) -> None:
    target = home / "file.txt"
    target.write_text("first line\n")
    with sortie("rec", "-q", "--", "vim", "-u", "NONE", "-N", str(target)) as terminal:
        before = terminal.modes()
        terminal.wait_for("first line")
        terminal.press("oadded żółć\x1b")
        terminal.wait_for("added")
        terminal.press(":wq\r")
        assert terminal.wait() == 0
        assert terminal.modes() == before
    assert target.read_text() == "first line\nadded żółć\n"
    shown = casts.text_of(casts.only(home))
    assert "first line" in shown
    assert shown.count("\x1b[?1049h") == shown.count("\x1b[?1049l") == 1


@needs("less")
def test_less_scrolls_and_reads_keys_though_its_input_is_a_pipe(sortie: OpenTerminal, home: Path) -> None:
    script = "seq 1 500 | less -X; echo left"
    with sortie("rec", "-q", "--", "sh", "-c", script, LESS="") as terminal:
        terminal.wait_for(r"\n29(\r\n|\x1b|\r)")
        terminal.press("G")
        terminal.wait_for("500")
        terminal.press("q")
        terminal.wait_for("left")
        assert terminal.wait() == 0
    shown = casts.text_of(casts.only(home))
    assert re.search(r"500\r\n", shown)


def test_stty_changes_the_commands_terminal_and_not_the_users(sortie: OpenTerminal) -> None:
    with sortie("rec", "-q", "--", "sh", "-c", "stty -echo -onlcr; stty -a; read x") as terminal:
        before = terminal.modes()
        terminal.wait_for("-onlcr")
        inside = terminal.modes()
        terminal.press("\r")
        assert terminal.wait() == 0
        # Raw while it runs, whatever the command did to its own.
        assert inside[1] != before[1]
        assert terminal.modes() == before


def test_a_shell_inside_the_recording_knows_that_it_is_recorded(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "-q", "--", "sh", "-c", "echo $SORTIE_SESSION") as terminal:
        terminal.wait()
        session_id = terminal.shown.decode().strip()
    assert casts.read(casts.only(home))[0]["sortie"]["session_id"] == session_id
