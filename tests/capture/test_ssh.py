"""`sortie ssh` to a real sshd."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from recordings.capture.ssh_arguments import destination
from tests.capture import casts
from tests.capture.conftest import OpenTerminal
from tests.capture.sshd import Sshd
from tests.capture.user import run


def test_a_login_is_recorded_with_its_host_and_ends_with_the_remote_status(
    sortie: OpenTerminal, home: Path, sshd: Sshd
) -> None:
    with sortie("ssh", *sshd.client, sshd.host, columns=95, rows=33) as terminal:
        terminal.wait_for(r"[#$] ")
        terminal.press("PS1='far> '\r")
        terminal.wait_for(r"[^']far> ")
        terminal.press('tty; stty size; echo "äö"; exit 42\r')
        assert terminal.wait() == 42
        assert b"/dev/pts/" in terminal.shown
        assert b"33 95" in terminal.shown
    header, events = casts.read(casts.only(home))
    assert header["sortie"]["host"] == header["sortie"]["host_id"] == "box"
    assert header["title"] == "ssh box"
    assert header["command"] == "ssh"
    assert casts.only(home).name.startswith("box_")
    assert events[-1][1:] == ("x", "42")
    assert "\r\näö\r\n" in casts.text_of(casts.only(home))


def test_a_resize_travels_to_the_remote_side(sortie: OpenTerminal, home: Path, sshd: Sshd) -> None:
    script = "trap 'stty size; exit 0' WINCH; echo up; while :; do sleep 0.05; done"
    with sortie("ssh", *sshd.client, "-t", sshd.host, script) as terminal:
        terminal.wait_for("up")
        terminal.resize(101, 37)
        terminal.wait_for("37 101")
        assert terminal.wait() == 0
    assert [data for _, code, data in casts.read(casts.only(home))[1] if code == "r"] == ["101x37"]


def test_a_command_without_a_remote_terminal_in_a_local_one(sortie: OpenTerminal, home: Path, sshd: Sshd) -> None:
    with sortie("ssh", *sshd.client, sshd.host, "tty; echo err >&2; exit 3") as terminal:
        assert terminal.wait() == 3
        assert b"not a tty\r\nerr\r\n" in terminal.shown
    assert casts.text_of(casts.only(home)) == "not a tty\r\nerr\r\n"


def test_data_through_ssh_without_a_terminal_is_not_touched(home: Path, sshd: Sshd) -> None:
    data = os.urandom(300_000)
    done = run(home, "ssh", *sshd.client, sshd.host, "cat; echo err >&2", input=data)
    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"err\n")


def test_the_remote_command_is_interrupted_from_the_keyboard(sortie: OpenTerminal, sshd: Sshd) -> None:
    with sortie("ssh", *sshd.client, "-t", sshd.host, "echo up; exec sleep 50") as terminal:
        terminal.wait_for("up")
        terminal.press("\x03")
        assert terminal.wait() == 130 or terminal.status == 255


def test_the_escape_of_ssh_ends_the_connection(sortie: OpenTerminal, sshd: Sshd) -> None:
    with sortie("ssh", *sshd.client, "-t", sshd.host, "echo up; exec cat") as terminal:
        terminal.wait_for("up")
        terminal.press("\r~.")
        assert terminal.wait() == 255


def test_a_host_that_is_not_there_is_told_by_ssh_itself(home: Path, sshd: Sshd) -> None:
    done = run(home, "ssh", *sshd.client, "-p", "1", sshd.host, "true")
    assert done.returncode == 255
    assert b"Connection refused" in done.stderr


def test_declining_leaves_ssh_alone(home: Path, sshd: Sshd) -> None:
    done = run(home, "ssh", "--no-record", *sshd.client, sshd.host, "exit 5")
    assert done.returncode == 5
    assert casts.recordings(home) == []


def test_a_connection_that_breaks_ends_the_recording(sortie: OpenTerminal, home: Path, sshd: Sshd) -> None:
    with sortie("ssh", *sshd.client, "-t", sshd.host, "echo pid=$PPID; exec sleep 50") as terminal:
        remote = int(terminal.wait_for(r"pid=(\d+)")[1])
        time.sleep(0.1)
        os.kill(remote, signal.SIGKILL)
        assert terminal.wait() == 255
    assert casts.read(casts.only(home))[1][-1][1:] == ("x", "255")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["web1"], ("web1", "", 0)),
        (["ops@web1", "ls", "-l"], ("web1", "ops", 0)),
        (["-p", "22", "web1"], ("web1", "", 2)),
        (["-p22", "-l", "ops", "web1"], ("web1", "ops", 3)),
        (["-lops", "web1"], ("web1", "ops", 1)),
        (["-tt", "-o", "User=x", "-i", "key", "a@web1"], ("web1", "a", 5)),
        (["-vvp", "22", "web1"], ("web1", "", 2)),
        (["--", "web1"], ("web1", "", 1)),
        (["-J", "jump", "-W", "x:1", "web1"], ("web1", "", 4)),
        (["ssh://ops@web1:2222"], ("web1", "ops", 0)),
        (["ssh://[::1]:22/"], ("::1", "", 0)),
        (["me@corp@web1"], ("web1", "me@corp", 0)),
    ],
)
def test_the_host_is_found_among_the_arguments(arguments: list[str], expected: tuple[str, str, int]) -> None:
    found = destination(arguments)
    assert found is not None
    assert (found.host, found.user, found.place) == expected


@pytest.mark.parametrize("arguments", [[], ["-V"], ["-p", "22"], ["-Q", "cipher"]])
def test_ssh_without_a_host_is_left_to_ssh(arguments: list[str]) -> None:
    assert destination(arguments) is None


def test_what_ssh_takes_a_value_for_is_known() -> None:
    # The synopsis names them: [-B bind_interface] has a value, [-46AaCfGgKkMNnqsTtVvXxYy] has none.
    from recordings.capture.ssh_arguments import WITH_VALUE

    usage = subprocess.run(["ssh"], capture_output=True, text=True, check=False).stderr
    valued = {word[1] for word in usage.replace("[", " ").split() if word.startswith("-") and len(word) == 2}
    assert valued
    assert valued <= WITH_VALUE
