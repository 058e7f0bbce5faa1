"""Nothing is lost or changed on its way, whatever is at either end: large pastes, cut characters, closed files."""

import fcntl
import hashlib
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.capture import casts
from tests.capture.conftest import OpenTerminal
from tests.capture.user import ROOT, SORTIE, Terminal, environment, run
from tests.waiting import until

PYTHON = SORTIE[0]
WIDE = "żółć 日本語 👩‍🚀 e\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467 ﷽"


def test_characters_cut_between_reads_stay_whole(sortie: OpenTerminal, home: Path) -> None:
    # Every place a text can be cut at, with more time between the halves than events are joined over.
    data = WIDE.encode()
    script = home / "cut.py"
    script.write_text(
        "import os, sys, time\n"
        f"data = {data!r}\n"
        "for cut in range(1, len(data)):\n"
        "    os.write(1, data[:cut]); time.sleep(0.012); os.write(1, data[cut:] + b'\\n')\n"
    )
    with sortie("rec", "--", PYTHON, str(script)) as terminal:
        assert terminal.wait(30) == 0
    shown = casts.text_of(casts.only(home))
    assert "\ufffd" not in shown
    assert shown == f"{WIDE}\r\n" * (len(data) - 1)


def test_a_character_that_never_comes_whole_is_replaced_at_the_end(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "--", "printf", r"ab\377c\346\227") as terminal:
        assert terminal.wait() == 0
    assert casts.text_of(casts.only(home)) == "ab\ufffdc\ufffd"


def test_the_last_bytes_of_much_output_are_there(sortie: OpenTerminal, home: Path) -> None:
    # More than any buffer on the way holds, and the command is gone as soon as it is written.
    script = "seq 1 400000; echo END_MARK"
    with sortie("rec", "-q", "--", "sh", "-c", script) as terminal:
        assert terminal.wait(60) == 0
    expected = "".join(f"{number}\r\n" for number in range(1, 400001)) + "END_MARK\r\n"
    assert terminal.shown.decode() == expected
    assert casts.text_of(casts.only(home)) == expected


# A machine so busy that a second passes between any two looks at the clock.
BUSY = [
    PYTHON,
    "-c",
    "import itertools, sys, time\n"
    "clock, looks = time.monotonic, itertools.count()\n"
    "time.monotonic = lambda: clock() + next(looks)\n"
    "from recordings.capture.cli import main\n"
    "sys.exit(main(sys.argv[1:]))",
]


def test_the_last_bytes_are_there_however_late_anybody_looks(home: Path) -> None:
    expected = "".join(f"{number}\r\n" for number in range(1, 5001)) + "END\r\n"
    command = [*BUSY, "rec", "-q", "--", "sh", "-c", "seq 1 5000; echo END; touch ended"]
    with Terminal(command, environment(home), cwd=home) as terminal:
        # Nobody looks while it is printed: much of it is still on its way when the command has ended.
        until(lambda: (home / "ended").exists(), "the end of the command")
        assert terminal.wait() == 0
    assert terminal.shown.decode() == expected
    assert casts.text_of(casts.only(home)) == expected


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="pipes have one size here")
def test_the_last_bytes_in_a_large_pipe_are_there_however_late_anybody_looks(home: Path) -> None:
    write = f"import fcntl, os; fcntl.fcntl(1, {fcntl.F_SETPIPE_SZ}, 2**20); os.write(1, 500_000 * bytes([120]))"
    process = subprocess.Popen(
        [*BUSY, "rec", "--", "sh", "-c", f"{PYTHON} -c '{write}'; touch ended"], env=environment(home), cwd=home,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    # Nobody reads while it is printed: most of it is still in the pipe when the command has ended.
    until(lambda: (home / "ended").exists(), "the end of the command")
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, 500_000 * b"x")
    assert casts.text_of(casts.only(home)) == 500_000 * "x"


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="pipes have one size here")
def test_a_slow_reader_gets_the_last_bytes_too(home: Path) -> None:
    write = f"import fcntl, os; fcntl.fcntl(1, {fcntl.F_SETPIPE_SZ}, 2**20); os.write(1, 300_000 * bytes([120]))"
    process = subprocess.Popen(
        [*BUSY, "rec", "--", "sh", "-c", f"{PYTHON} -c '{write}'; touch ended"], env=environment(home), cwd=home,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    until(lambda: (home / "ended").exists(), "the end of the command")
    output = b""
    # The way out stays full to the end: the last bytes are held back, and behind them is nothing.
    while data := os.read(process.stdout.fileno(), 4096):
        output += data
        time.sleep(0.005)
    process.stdout.close()
    assert (process.wait(60), output) == (0, 300_000 * b"x")


def test_a_large_paste_arrives_whole(sortie: OpenTerminal, home: Path) -> None:
    line = b"The quick brown fox jumps over the lazy dog 0123456789\n"
    paste = line * 4000
    target = home / "pasted"
    with sortie("rec", "-q", "--", "sh", "-c", f"echo go; cat >{target}; exit 3") as terminal:
        terminal.wait_for("go")
        terminal.press(paste)
        terminal.press(b"\x04")
        assert terminal.wait(60) == 3
    assert target.read_bytes() == paste
    # Of the echo a busy kernel may drop some, before anybody could read it.
    assert casts.text_of(casts.only(home)) == terminal.shown.decode()


def test_a_paste_into_a_program_that_does_not_read_blocks_nobody(sortie: OpenTerminal, home: Path) -> None:
    pasted = home / "pasted"
    idle = f"stty raw -echo; echo go; until [ -e {pasted} ]; do sleep 0.1; done; echo still; exit 2"
    with sortie("rec", "-q", "--", "sh", "-c", idle) as terminal:
        terminal.wait_for("go")
        terminal.press(b"x" * 300_000)
        pasted.touch()
        terminal.wait_for("still")
        assert terminal.wait() == 2


def test_a_terminal_that_pauses_gets_everything_later(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "-q", "--", "sh", "-c", "seq 1 60000; echo END") as terminal:
        time.sleep(1.0)  # nobody reads: every buffer on the way is full now
        assert os.waitpid(terminal.pid, os.WNOHANG) == (0, 0)
        terminal.wait_for("END")
        assert terminal.wait() == 0
    assert casts.text_of(casts.only(home)).split() == [*map(str, range(1, 60001)), "END"]
    assert terminal.shown.split() == [*(b"%d" % number for number in range(1, 60001)), b"END"]


def test_a_terminal_set_to_non_blocking_by_somebody_else_loses_nothing(home: Path) -> None:
    # Programs in the same terminal share the flag; node and ssh have been known to leave it set.
    code = (
        "import fcntl, os, sys\n"
        "fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_NONBLOCK)\n"
        "command = ['-m', 'recordings.capture', 'rec', '-q', '--', 'seq', '1', '60000']\n"
        "os.execv(sys.executable, [sys.executable, *command])"
    )
    with Terminal([PYTHON, "-c", code], environment(home)) as terminal:
        time.sleep(0.7)
        assert terminal.wait(30) == 0
    assert terminal.shown.split() == [b"%d" % number for number in range(1, 60001)]


def test_the_recorder_changes_no_flag_that_others_share(sortie: OpenTerminal) -> None:
    with sortie("rec", "--", "sh", "-c", "echo up; read x") as terminal:
        terminal.wait_for("up")
        infos = [Path(f"/proc/{terminal.pid}/fdinfo/{fd}").read_text().split() for fd in (0, 1, 2)]
        flags = [int(info[info.index("flags:") + 1], 8) for info in infos]
        assert not any(flag & os.O_NONBLOCK for flag in flags)
        terminal.press("\r")
        terminal.wait()


@pytest.mark.parametrize("what", ["sleep 60 &", "(while :; do echo late; sleep 0.02; done) &", "yes late &"])
def test_what_the_command_leaves_running_does_not_hold_the_end_up(
    sortie: OpenTerminal, home: Path, what: str
) -> None:
    with sortie(
        "rec", "-q", "--", "bash", "-c", f"trap '' HUP; {what} echo $! >pid; echo bye; exit 3", cwd=home
    ) as it:
        try:
            assert it.wait() == 3
        finally:
            subprocess.run(["kill", "-9", (home / "pid").read_text().strip()], check=False, capture_output=True)
    assert "bye\r\n" in casts.text_of(casts.only(home))


def test_a_command_that_gives_its_terminal_up_for_a_while_is_waited_for(sortie: OpenTerminal, home: Path) -> None:
    script = "echo one; exec 3>&1 </dev/null >/dev/null 2>&1 3>&-; sleep 1; echo two >/dev/tty; exit 4"
    with sortie("rec", "-q", "--", "sh", "-c", script) as terminal:
        assert terminal.wait() == 4
    assert casts.text_of(casts.only(home)) == "one\r\ntwo\r\n"


def test_with_a_terminal_forced_a_pipe_feeds_it_and_ends_it(home: Path) -> None:
    done = run(home, "rec", "--tty", "--", "cat", input=b"one\ntwo\nhalf")
    assert done.returncode == 0
    assert done.stdout.replace(b"\r", b"").startswith(b"one\ntwo\nhalf")
    assert casts.text_of(casts.only(home)).encode() == done.stdout


@pytest.mark.parametrize("kind", ["null", "file", "closed"])
def test_with_a_terminal_forced_any_input_will_do_and_waiting_costs_nothing(home: Path, kind: str) -> None:
    given = home / "input"
    given.write_bytes(b"word\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    script = "read x; echo got $x; sleep 1; tty >/dev/null && exit 6"
    close = (lambda: os.close(0)) if kind == "closed" else None
    with open(given if kind == "file" else os.devnull, "rb") as source:
        done = run(home, "rec", "-t", "--", "sh", "-c", script, stdin=source, preexec_fn=close)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 6
    assert (b"got word" if kind == "file" else b"got") in done.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.8


def test_when_nobody_reads_the_output_any_more_the_recording_goes_on(home: Path) -> None:
    command = [*SORTIE, "rec", "--tty", "-q", "--", "sh", "-c", "seq 1 50000; echo END; exit 5"]
    process = subprocess.Popen(
        command, env=environment(home), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(30) == 5
    assert casts.text_of(casts.only(home)).endswith("END\r\n")


def test_a_terminal_that_goes_away_ends_the_command_and_the_recording_is_whole(home: Path) -> None:
    terminal = Terminal([*SORTIE, "rec", "--", "sh", "-c", "echo up; sleep 60; echo never"], environment(home))
    terminal.wait_for("up")
    os.close(terminal.slave)
    os.close(terminal.master)
    _, status = os.waitpid(terminal.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    assert casts.read(casts.only(home))[1][-1][1:] == ("x", "129")


def test_bytes_of_every_value_pass_unchanged_to_the_terminal(sortie: OpenTerminal, home: Path) -> None:
    script = "stty -opost; head -c 300000 /dev/urandom | tee copy; sleep 0.1"
    with sortie("rec", "-q", "--", "sh", "-c", script, cwd=home) as terminal:
        assert terminal.wait() == 0
    expected = (home / "copy").read_bytes()
    assert hashlib.sha256(terminal.shown).digest() == hashlib.sha256(expected).digest()
    assert casts.text_of(casts.only(home)) == expected.decode("utf-8", "replace")


def test_no_descriptor_of_the_recorder_reaches_the_command(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "-q", "--", "sh", "-c", "ls -l /proc/self/fd | wc -l") as terminal:
        terminal.wait()
        # A heading, the three, and the folder that `ls` reads.
        assert int(terminal.shown) == 1 + 3 + 1


def test_closed_standard_files_are_not_confused_with_the_recording(home: Path) -> None:
    code = "import os, sys; os.close(0); os.close(1); os.close(2); os.execv(sys.argv[1], sys.argv[1:])"
    command = [PYTHON, "-c", code, *SORTIE, "rec", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]
    assert subprocess.run(command, env=environment(home), cwd=ROOT, timeout=30, check=False).returncode == 3
    assert "out\r\n" in casts.text_of(casts.only(home))


def test_locks_tell_that_a_recording_is_being_made(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "-q", "--", "sh", "-c", "echo up; read x") as terminal:
        terminal.wait_for("up")
        with casts.only(home).open("rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        terminal.press("\r")
        terminal.wait()
        with casts.only(home).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
