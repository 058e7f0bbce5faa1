"""Recording that cannot begin, breaks, or is killed: the command must not suffer, and what was recorded is kept."""

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from tests.capture import casts
from tests.capture.conftest import OpenTerminal
from tests.capture.killing import ALLOWED_SECONDS, kill_rec
from tests.capture.user import SORTIE, Terminal, environment, run
from tests.waiting import until

PYTHON = SORTIE[0]


def unwritable(home: Path) -> Path:
    """A place nothing can be recorded to, not even by root."""
    path = home / "occupied"
    path.write_text("a file, where a folder is wanted")
    return path


def test_a_recording_that_cannot_begin_costs_one_warning_and_the_command_runs_once(
    sortie: OpenTerminal, home: Path
) -> None:
    script = "echo ran >>runs; echo out; exit 6"
    with sortie("rec", "--", "sh", "-c", script, SORTIE_HOME=unwritable(home), cwd=home) as terminal:
        assert terminal.wait() == 6
        lines = terminal.shown.decode().split("\r\n")
    assert re.fullmatch(r"sortie: cannot record: Not a directory \(~/occupied\)", lines[0])
    assert lines[1:] == ["out", ""]
    assert (home / "runs").read_text() == "ran\n"


def test_recording_required_but_impossible_runs_nothing(sortie: OpenTerminal, home: Path) -> None:
    with sortie(
        "rec", "--require-recording", "--", "touch", str(home / "ran"), SORTIE_HOME=unwritable(home)
    ) as terminal:
        assert terminal.wait() == 125
        assert b"cannot record: Not a directory" in terminal.shown
    assert not (home / "ran").exists()


WITHOUT_TERMINALS = """
import errno, os, sys
def openpty(): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
os.openpty = openpty
from recordings.capture.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("required", [False, True])
def test_where_there_is_no_terminal_to_be_had_the_command_runs_bare_and_once(home: Path, required: bool) -> None:
    options = ["--require-recording"] if required else []
    command = [PYTHON, "-c", WITHOUT_TERMINALS, "rec", *options, "--", "sh", "-c", "echo ran >>runs; kill -PIPE $$"]
    with Terminal(command, environment(home), cwd=home) as terminal:
        # The command has SIGPIPE back, which Python ignores for itself.
        assert terminal.wait() == (125 if required else 128 + 13)
        assert b"sortie: cannot record: No space left on device" in terminal.shown
    assert (home / "runs").exists() is not required
    assert casts.recordings(home) == []
    if not required:
        assert (home / "runs").read_text() == "ran\n"


# The file may grow to 256 KiB, then writing fails as on a full disk.
FULL_DISK = ["sh", "-c", 'ulimit -f 512; exec "$0" "$@"']


def test_a_disk_that_fills_up_ends_the_recording_and_not_the_command(home: Path) -> None:
    command = [*FULL_DISK, *SORTIE, "rec", "--", "sh", "-c", "seq 1 60000; echo END; exit 3"]
    with Terminal(command, environment(home)) as terminal:
        assert terminal.wait() == 3
        shown = terminal.shown.decode()
    assert "60000\r\nEND\r\n" in shown
    assert shown.count("sortie:") == 1
    assert re.search(r"sortie: the recording is not complete: File too large; the first \d s were kept\r\n", shown)
    path = casts.only(home)
    # Cut at a whole line: any player takes it.
    assert casts.text_of(path).startswith("1\r\n2\r\n")
    assert casts.sidecar(path)["incomplete"] is True


def test_a_disk_that_fills_up_ends_the_command_where_recording_is_required(home: Path) -> None:
    script = "seq 1 60000; echo END; sleep 60"
    command = [*FULL_DISK, *SORTIE, "rec", "--require-recording", "--", "sh", "-c", script]
    with Terminal(command, environment(home)) as terminal:
        before = terminal.modes()
        assert terminal.wait() == 125
        assert terminal.modes() == before
        assert b"File too large" in terminal.shown


def test_a_command_that_ignores_the_hang_up_is_killed_where_recording_is_required(home: Path) -> None:
    script = "trap '' HUP; seq 1 60000; echo END; while :; do sleep 1; done"
    command = [*FULL_DISK, *SORTIE, "rec", "--require-recording", "--", "sh", "-c", script]
    with Terminal(command, environment(home)) as terminal:
        assert terminal.wait() == 125


def test_a_folder_removed_under_the_recording_does_no_harm(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "--", "sh", "-c", "echo up; read x; echo $x; exit 4") as terminal:
        terminal.wait_for("up")
        subprocess.run(["rm", "-rf", home / ".sortie"], check=True)
        terminal.press("word\r")
        assert terminal.wait() == 4
        assert b"the recording is not complete: No such file or directory" in terminal.shown


def test_at_the_size_limit_the_recording_ends_with_a_notice_and_the_command_goes_on(
    sortie: OpenTerminal, home: Path
) -> None:
    script = "printf '\\033[32m'; seq 1 60000; echo END; exit 3"
    with sortie("rec", "-q", "--max-size", "0.1", "--", "sh", "-c", script) as terminal:
        assert terminal.wait() == 3
        assert b"60000\r\nEND\r\n" in terminal.shown
    path = casts.only(home)
    events = casts.read(path)[1]
    assert events[-2][1:] == ("o", "\x1b[0m\r\n[recording truncated]\r\n")
    assert events[-1][1:] == ("x", "3")
    limit = round(0.1 * 1024 * 1024)
    assert limit - 80_000 < path.stat().st_size <= limit
    content = casts.sidecar(path)
    assert content["truncated"] is True
    assert content["payload_bytes"] == path.stat().st_size


def test_without_a_limit_everything_is_kept(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "-q", "--max-size", "0", "--", "sh", "-c", "seq 1 60000; echo END") as terminal:
        assert terminal.wait() == 0
    assert casts.text_of(casts.only(home)).endswith("60000\r\nEND\r\n")


def test_every_event_is_on_the_disk_before_the_next_if_asked_for(home: Path) -> None:
    trace = home / "trace"
    command = [
        *SORTIE,
        "rec",
        "-q",
        "--durability",
        "event",
        "--",
        "sh",
        "-c",
        "for i in 1 2 3; do echo $i; sleep 0.05; done",
    ]
    traced = [PYTHON, "-c", SYNCS, str(trace), *command[3:]]
    with Terminal(traced, environment(home)) as terminal:
        assert terminal.wait() == 0
    outputs = [data for _, code, data in casts.read(casts.only(home))[1] if code == "o"]
    assert outputs == ["1\r\n", "2\r\n", "3\r\n"]
    sizes = [int(line) for line in trace.read_text().split()]
    # One a line at least, each with the file grown by it.
    assert len(set(sizes)) >= 3


SYNCS = """
import os, sys
trace = open(sys.argv[1], "a", buffering=1)
def fdatasync(fd, sync=os.fdatasync):
    sync(fd); print(os.fstat(fd).st_size, file=trace)
os.fdatasync = fdatasync
from recordings.capture.cli import main
sys.exit(main(sys.argv[2:]))
"""


def test_killed_at_any_moment_all_but_the_last_second_is_there(home: Path) -> None:
    chance = random.Random(7)
    for _ in range(3):
        assert kill_rec(home, chance, least=1.1, most=1.6).missing < ALLOWED_SECONDS


def test_a_shell_whose_recorder_is_killed_ends_as_when_a_window_is_closed(sortie: OpenTerminal, home: Path) -> None:
    # Its own way out is taken: traps run, history could be written.
    (home / ".bashrc").write_text("PS1='ready$ '\ntrap 'echo clean >~/ended' EXIT\n")
    with sortie("rec") as terminal:
        terminal.wait_for("ready")
        terminal.kill()
        assert terminal.wait() == 128 + 9
    until(lambda: (home / "ended").exists(), "the shell's own end")
    assert (home / "ended").read_text() == "clean\n"


def test_a_wrong_option_is_told_before_anything_runs(home: Path) -> None:
    for arguments in (["rec", "--nosuch"], ["rec", "--max-size", "-1", "--", "true"], ["rec", "--durability", "x"]):
        done = run(home, *arguments)
        assert done.returncode == 2
        assert done.stderr.startswith(b"usage: sortie rec")
    assert not (home / ".sortie").exists()


def test_options_after_the_command_are_the_commands(sortie: OpenTerminal, home: Path) -> None:
    for arguments in (
        ["echo", "--title", "x"],
        ["--", "echo", "--title", "x"],
        ["-q", "--", "echo", "--title", "x"],
    ):
        with sortie("rec", *arguments) as terminal:
            assert terminal.wait() == 0
            assert terminal.shown.startswith(b"--title x\r\n")
    assert os.listdir(home / ".sortie") == ["recordings"]
