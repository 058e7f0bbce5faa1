"""`sortie rec` with a real terminal on both sides: what the command notices, and what is in the file."""

import json
import os
import re
import signal
import stat
import subprocess
import termios
import time
from pathlib import Path

import pytest

from recordings.capture.signals import FORWARDED
from tests.capture import casts
from tests.capture.conftest import OpenTerminal
from tests.capture.user import SORTIE, Terminal, environment, run

PYTHON = SORTIE[0]
# Not in Python's termios: asm-generic/termbits.h
IUTF8 = 0o40000


def test_a_command_is_recorded_with_who_where_and_how_it_ended(sortie: OpenTerminal, home: Path) -> None:
    with sortie(
        "rec", "--title", "Häuser", "--", "sh", "-c", "echo hello; exit 7", columns=91, rows=27
    ) as terminal:
        assert terminal.wait() == 7
    path = casts.only(home)
    header, events = casts.read(path)
    assert (header["width"], header["height"]) == (91, 27)
    assert header["title"] == "Häuser"
    assert header["command"] == "sh"
    assert header["env"] == {"SHELL": "/bin/bash", "TERM": "xterm-256color"}
    assert abs(header["timestamp"] - time.time()) < 60
    about = header["sortie"]
    assert set(about) == {"session_id", "host", "host_id", "user", "agent"}
    assert about["host"] == os.uname().nodename
    assert about["agent"].startswith("sortie/")
    assert [(code, data) for _, code, data in events] == [("o", "hello\r\n"), ("x", "7")]
    day = time.strftime("%Y-%m-%d", time.localtime(header["timestamp"]))
    assert path.parent.name == day
    assert re.fullmatch(rf"sh_\d{{8}}-\d{{6}}_{about['session_id']}\.cast", path.name)


def test_the_sidecar_says_what_the_recording_holds(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "--", "sleep", "0.3") as terminal:
        assert terminal.wait() == 0
    path = casts.only(home)
    content = casts.sidecar(path)
    header, _ = casts.read(path)
    assert content["session_id"] == header["sortie"]["session_id"]
    assert content["command_count"] == 1
    assert content["size_bytes"] == content["payload_bytes"] == path.stat().st_size
    assert 300 <= content["duration_ms"] < 5000
    assert content["shell"] == "/bin/bash"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", content["start_time"])
    assert content["end_time"] >= content["start_time"]
    assert "truncated" not in content
    assert "incomplete" not in content
    assert "dropped_events" not in content
    assert "title" not in content


def test_a_title_is_listed(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "--title", "rollback 2.3", "--", "true") as terminal:
        terminal.wait()
    assert casts.read(casts.only(home))[0]["title"] == "rollback 2.3"
    assert [entry["title"] for entry in json.loads(run(home, "list", "--json").stdout)] == ["rollback 2.3"]


def test_files_and_folders_are_private_whatever_the_umask(home: Path) -> None:
    command = ["sh", "-c", f"umask 000; exec {PYTHON} -m recordings.capture rec -- true"]
    with Terminal(command, environment(home)) as terminal:
        assert terminal.wait() == 0
    found = [home / ".sortie", *(home / ".sortie").rglob("*")]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in found}
    assert len(modes) == 5
    for path in found:
        assert modes[path.name] == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -TERM $$", 128 + 15),
        ("kill -KILL $$", 128 + 9),
        ("exec nosuchprogram", 127),
    ],
)
def test_the_exit_status_is_that_of_the_command(sortie: OpenTerminal, home: Path, script: str, status: int) -> None:
    with sortie("rec", "--", "sh", "-c", script) as terminal:
        assert terminal.wait() == status
    assert casts.read(casts.only(home))[1][-1][1:] == ("x", str(status))


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        ("nosuchprogram", 127, "sortie: nosuchprogram: not found\r\n"),
        ("/etc/passwd", 126, "sortie: /etc/passwd: permission denied\r\n"),
        ("/etc", 126, "sortie: /etc: permission denied\r\n"),
    ],
)
def test_a_command_that_cannot_run_leaves_a_message_and_no_recording(
    sortie: OpenTerminal, home: Path, command: str, status: int, message: str
) -> None:
    with sortie("rec", "--", command) as terminal:
        assert terminal.wait() == status
        assert terminal.shown.decode() == message
    assert casts.recordings(home) == []


def test_a_script_without_an_interpreter_line_runs_as_in_a_shell(sortie: OpenTerminal, home: Path) -> None:
    script = home / "script"
    script.write_text("echo ran $1\nexit 4\n")
    script.chmod(0o700)
    with sortie("rec", "--", str(script), "well") as terminal:
        assert terminal.wait() == 4
        assert b"ran well\r\n" in terminal.shown


def test_the_command_has_a_controlling_terminal_of_the_right_size_before_it_starts(sortie: OpenTerminal) -> None:
    # /dev/tty can only be opened by those whom a terminal controls; ssh and sudo ask for passwords there.
    with sortie("rec", "--", "sh", "-c", "stty size </dev/tty; tty; ps -o stat= -p $$", columns=133, rows=41) as it:
        assert it.wait() == 0
        assert b"41 133\r\n/dev/pts/" in it.shown
        # The leader of its session, in the foreground; `N` or `<` if the tests run with another priority.
        it.wait_for("S[N<]?s[+]")


def test_the_commands_terminal_has_the_modes_of_the_users(sortie: OpenTerminal) -> None:
    with Terminal(["true"], environment(Path("/"))) as plain:
        modes = plain.modes()
        plain.wait()
    modes[6][termios.VERASE] = b"\x08"
    modes[0] |= IUTF8
    modes[3] &= ~termios.ECHOCTL
    with sortie("rec", "--", "stty", "-a", modes=modes) as terminal:
        assert terminal.wait() == 0
        assert b"erase = ^H" in terminal.shown
        assert b"iutf8" in terminal.shown
        assert b"-iutf8" not in terminal.shown
        assert b"-echoctl" in terminal.shown


def test_keys_pass_as_bytes_and_the_terminal_is_afterwards_as_it_was(sortie: OpenTerminal) -> None:
    with sortie(
        "rec", "--", "sh", "-c", "stty raw -echo; echo go; dd bs=1 count=6 2>/dev/null | od -An -tx1"
    ) as terminal:
        before = terminal.modes()
        terminal.wait_for("go")
        assert not terminal.modes()[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
        terminal.press(b"\x03\x1a\x1c\x11\x13\r")
        terminal.wait_for("03 1a 1c 11 13 0d")
        assert terminal.wait() == 0
        assert terminal.modes() == before


@pytest.mark.parametrize("number", FORWARDED)
def test_a_signal_reaches_the_command_and_the_recording_gets_its_end(
    sortie: OpenTerminal, home: Path, number: signal.Signals
) -> None:
    with sortie("rec", "--", "sh", "-c", "echo up; exec sleep 30") as terminal:
        before = terminal.modes()
        terminal.wait_for("up")
        time.sleep(0.2)
        terminal.kill(number)
        assert terminal.wait() == 128 + number
        assert terminal.modes() == before
    assert casts.read(casts.only(home))[1][-1][1:] == ("x", str(128 + number))
    assert casts.sidecar(casts.only(home))["command_count"] == 1


def test_a_command_that_survives_a_signal_is_recorded_on(sortie: OpenTerminal, home: Path) -> None:
    script = "trap 'echo caught' TERM; echo up; while :; do sleep 0.1; [ -e done ] && exit 5; done"
    with sortie("rec", "--", "sh", "-c", script, cwd=home) as terminal:
        terminal.wait_for("up")
        terminal.kill(signal.SIGTERM)
        terminal.wait_for("caught")
        (home / "done").touch()
        assert terminal.wait() == 5
    # The shell may say what became of its `sleep`, which got the signal as well.
    assert casts.text_of(casts.only(home)).replace("Terminated\r\n", "") == "up\r\ncaught\r\n"


def test_what_was_ignored_stays_ignored_as_under_nohup(home: Path) -> None:
    inner = "echo up; kill -HUP $PPID; sleep 0.3; grep SigIgn /proc/self/status; exit 3"
    command = ["sh", "-c", f"trap '' HUP; exec {PYTHON} -m recordings.capture rec -- sh -c '{inner}'"]
    with Terminal(command, environment(home)) as terminal:
        assert terminal.wait() == 3
        ignored = int(terminal.wait_for(r"SigIgn:\s+([0-9a-f]+)")[1], 16)
    # Hang-up, and nothing of what Python ignores for itself. From 32 on signals are the C library's own affair.
    assert ignored & ((1 << 31) - 1) == 1 << (signal.SIGHUP - 1)


def test_job_control_works_in_a_recorded_shell(sortie: OpenTerminal) -> None:
    with sortie("rec") as terminal:
        terminal.wait_for("ready\\$ ")
        terminal.press("sleep 50\r")
        time.sleep(0.5)
        terminal.press("\x1a")
        terminal.wait_for(r"\[1\]\+  Stopped +sleep 50\r\n")
        terminal.press("bg\r")
        terminal.wait_for(r"sleep 50 &\r\n")
        terminal.press("kill %1; wait %1; echo was $?\r")
        terminal.wait_for("was 143")
        terminal.press("sleep 60\r")
        time.sleep(0.5)
        terminal.press("\x03")
        terminal.wait_for("ready\\$ ")
        terminal.press("echo $?; exit 6\r")
        terminal.wait_for("130")
        assert terminal.wait() == 6


def test_a_stopped_command_stops_the_recorder_and_both_go_on(home: Path) -> None:
    # A shell with job control around the recorder, so that stopping has somebody to return to.
    with Terminal(["bash", "--noprofile", "-i"], environment(home)) as terminal:
        before = terminal.modes()
        terminal.wait_for("ready\\$ ")
        terminal.press(f"{PYTHON} -m recordings.capture rec -- sh -c 'echo up; kill -STOP $$; echo on; exit 9'\r")
        terminal.wait_for("up\r\n")
        terminal.wait_for(r"\[1\]\+  Stopped")
        terminal.wait_for("ready\\$ ")
        terminal.press("fg\r")
        terminal.wait_for("on\r\n")
        terminal.wait_for("ready\\$ ")
        terminal.press("echo was $?; exit\r")
        terminal.wait_for("was 9")
        terminal.wait()
        assert terminal.modes() == before


def test_in_the_background_the_recorder_leaves_the_terminal_alone_until_it_is_called(home: Path) -> None:
    with Terminal(["bash", "--noprofile", "-i"], environment(home)) as terminal:
        terminal.wait_for("ready\\$ ")
        terminal.press(f"{PYTHON} -m recordings.capture rec -- sh -c 'echo up; read x; echo got $x' &\r")
        terminal.wait_for("up\r+\n")
        terminal.press("echo still here\r")
        terminal.wait_for("\r\nstill here\r\n")
        terminal.press("fg\r")
        terminal.wait_for("fg\r\n")
        time.sleep(0.6)
        terminal.press("word\r")
        terminal.wait_for("got word\r\n")
        # What is typed before the shell is back belongs to the recorder.
        terminal.wait_for("ready\\$ ")
        terminal.press("exit\r")
        assert terminal.wait() == 0


def test_in_the_background_the_end_of_the_terminal_is_the_end(home: Path) -> None:
    terminal = Terminal(["bash", "--noprofile", "-i"], environment(home))
    terminal.wait_for("ready\\$ ")
    terminal.press(f"{PYTHON} -m recordings.capture rec -- sh -c 'echo up; read x; sleep 60' & echo pid $!\r")
    recorder = int(terminal.wait_for(r"\npid (\d+)\r")[1])
    terminal.wait_for("up")
    # A shell that is killed tells its jobs nothing.
    terminal.kill()
    os.waitpid(terminal.pid, 0)
    os.close(terminal.slave)
    os.close(terminal.master)
    deadline = time.monotonic() + 10
    while subprocess.run(["ps", "-o", "stat=", "-p", str(recorder)], capture_output=True).stdout[:1] not in (
        b"",
        b"Z",
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert casts.read(casts.only(home))[1][-1][1:] == ("x", "129")


def test_a_resize_reaches_the_command_and_the_recording(sortie: OpenTerminal, home: Path) -> None:
    script = "trap 'stty size; exit 0' WINCH; echo up; while :; do sleep 0.05; done"
    with sortie("rec", "--", "bash", "-c", script, columns=80, rows=24) as terminal:
        terminal.wait_for("up")
        terminal.resize(80, 24)
        terminal.kill(signal.SIGWINCH)
        time.sleep(0.3)
        terminal.resize(132, 43)
        terminal.wait_for("43 132\r\n")
        assert terminal.wait() == 0
    sizes = [data for _, code, data in casts.read(casts.only(home))[1] if code == "r"]
    assert sizes == ["132x43"]


def test_the_size_in_pixels_is_the_terminals_too(sortie: OpenTerminal, home: Path) -> None:
    ask = "import fcntl, struct, termios; print(struct.unpack('4H', fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))))"
    script = f'trap "{PYTHON} -c \\"$1\\"; exit 0" WINCH; {PYTHON} -c "$1"; while :; do sleep 0.05; done'
    with sortie("rec", "--", "bash", "-c", script, "-", ask, columns=80, rows=24, pixels=(640, 384)) as terminal:
        terminal.wait_for(r"\(24, 80, 640, 384\)\r\n")
        # A larger font in a larger window.
        terminal.resize(80, 24, (1280, 768))
        terminal.wait_for(r"\(24, 80, 1280, 768\)\r\n")
        assert terminal.wait() == 0
    assert [code for _, code, _ in casts.read(casts.only(home))[1]].count("r") == 0


def test_nothing_is_said_without_a_terminal_and_one_line_with_one(sortie: OpenTerminal) -> None:
    with sortie("rec", "--", "true") as terminal:
        terminal.wait()
        line = re.sub(rb"\x1b\[\d*m", b"", terminal.shown).decode()
    found = re.fullmatch(
        r"recorded 0:0\d to ~/\.sortie/recordings/\S+\.cast, sortie replay ([0-9a-f]{4})\r\n", line
    )
    assert found, line
    with sortie("rec", "-q", "--", "true") as terminal:
        terminal.wait()
        assert terminal.shown == b""
    with sortie("rec", "--", "true", NO_COLOR=1) as terminal:
        terminal.wait()
        assert b"\x1b" not in terminal.shown


def test_a_recording_inside_a_recording_is_not_made_unless_asked_for(sortie: OpenTerminal, home: Path) -> None:
    inner = f"{PYTHON} -m recordings.capture rec"
    with sortie("rec", "--", "sh", "-c", f"{inner} -- sh -c 'exit 3'; echo $?") as terminal:
        terminal.wait()
        assert b"already recording; --nested records inside of it\r\n3\r\n" in terminal.shown
    assert len(casts.recordings(home)) == 1
    with sortie("rec", "--", "sh", "-c", f"{inner} --nested -q -- sh -c 'exit 4'; echo $?") as terminal:
        terminal.wait()
        assert b"4\r\n" in terminal.shown
    assert len(casts.recordings(home)) == 3


def test_a_recording_that_is_over_keeps_no_other_from_being_made(sortie: OpenTerminal, home: Path) -> None:
    # As in a tmux server that was started in a recorded shell.
    with sortie("rec", "-q", "--", "sh", "-c", "echo $SORTIE_SESSION") as terminal:
        before = terminal.wait_for(r"([0-9a-f]{12})\r\n")[1].decode()
        terminal.wait()
    with sortie("rec", "-q", "--", "sh", "-c", "echo $SORTIE_SESSION", SORTIE_SESSION=before) as terminal:
        assert terminal.wait_for(r"([0-9a-f]{12})\r\n")[1].decode() != before
        assert terminal.wait() == 0
    assert len(casts.recordings(home)) == 2
    # One that cannot be looked at may be going on.
    with sortie("rec", "-q", "--", "true", SORTIE_SESSION="of-another-home") as terminal:
        terminal.wait_for("already recording")
        assert terminal.wait() == 0


@pytest.mark.parametrize("how", ["variable", "option"])
def test_declining_leaves_no_process_around_the_command(sortie: OpenTerminal, home: Path, how: str) -> None:
    # The command has the very process the recorder was started as.
    arguments, variables = (["--no-record"], {}) if how == "option" else ([], {"SORTIE_NO_RECORD": 1})
    with sortie("rec", *arguments, "--", "sh", "-c", "echo $$; exit 5", **variables) as terminal:
        assert terminal.wait() == 5
        assert terminal.shown == b"%d\r\n" % terminal.pid
    assert not (home / ".sortie").exists()


@pytest.mark.parametrize("value", ["0", "false", "False", ""])
def test_the_variable_declines_nothing_when_it_says_no(sortie: OpenTerminal, home: Path, value: str) -> None:
    with sortie("rec", "-q", "--", "true", SORTIE_NO_RECORD=value) as terminal:
        assert terminal.wait() == 0
    assert len(casts.recordings(home)) == 1


@pytest.mark.parametrize(
    ("options", "logged"), [([], "true"), (["--log-command"], "true --password=*** API_TOKEN=*** 'c d'")]
)
def test_the_command_line_is_kept_only_on_request_and_without_secrets(
    sortie: OpenTerminal, home: Path, options: list[str], logged: str
) -> None:
    with sortie("rec", *options, "--", "true", "--password=hunter2", "API_TOKEN=hunter2", "c d") as terminal:
        assert terminal.wait() == 0
    assert casts.read(casts.only(home))[0]["command"] == logged
    assert "hunter2" not in casts.only(home).read_text()


def test_standard_error_that_is_not_the_terminal_stays_where_it_is(sortie: OpenTerminal, home: Path) -> None:
    errors = home / "errors"
    with errors.open("wb") as file:
        script = "echo out; echo err >&2"
        with sortie("rec", "--", "sh", "-c", script, redirect={2: file.fileno()}) as terminal:
            assert terminal.wait() == 0
            assert terminal.shown == b"out\r\n"
    assert errors.read_text() == "err\n"
    assert casts.text_of(casts.only(home)) == "out\r\n"
