"""`sortie replay` in a real terminal: on time, with keys, and leaving nothing behind."""

import errno
import json
import os
import re
import subprocess
import termios
import time
from pathlib import Path

import pytest

from recordings.capture import terminal
from recordings.capture.replay import scheduled
from tests.capture.conftest import OpenTerminal
from tests.capture.user import ROOT, SORTIE, Terminal, environment, run

PYTHON = SORTIE[0]


def make(home: Path, *events: object, name: str = "rec", **header: object) -> Path:
    path = home / ".sortie" / "recordings" / f"{name}.cast"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"version": 2, "width": 80, "height": 24, "timestamp": 1768228222} | header, *events]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def marks(count: int, apart: float) -> list[object]:
    return [[number * apart, "o", f"<{number}>"] for number in range(count)]


def seen_at(terminal: Terminal, count: int) -> list[float]:
    """When each mark was shown."""
    moments = []
    for number in range(count):
        terminal.wait_for(f"<{number}>")
        moments.append(time.monotonic())
    return moments


@pytest.mark.parametrize(("options", "apart"), [([], 0.2), (["--speed", "4"], 0.05), (["-s", "0.5"], 0.4)])
def test_events_come_on_their_schedule_without_drift(
    sortie: OpenTerminal, home: Path, options: list[str], apart: float
) -> None:
    make(home, *marks(6, 0.2))
    with sortie("replay", *options, "rec") as terminal:
        moments = seen_at(terminal, 6)
        assert terminal.wait() == 0
    # Each by the clock, not by the sum of waits; a noisy machine may be late now and then, but never early.
    late = [moment - moments[0] - number * apart for number, moment in enumerate(moments)]
    assert min(late) > -0.1
    assert sorted(late)[2] < 0.1


def test_times_are_counted_from_the_start_and_pauses_can_be_shortened() -> None:
    events = [(1.0, "o", "a"), (1.5, "i", "x"), (2.0, "o", "b"), (60.0, "o", "c"), (59.0, "o", "d")]
    assert list(scheduled(events, 1, None)) == [(1.0, "a"), (2.0, "b"), (60.0, "c"), (60.0, "d")]
    assert list(scheduled(events, 2, 4)) == [(0.5, "a"), (1.0, "b"), (3.0, "c"), (3.0, "d")]
    assert list(scheduled(events, 0, None)) == [(0.0, "a"), (0.0, "b"), (0.0, "c"), (0.0, "d")]


def test_the_recordings_own_idle_limit_counts_unless_another_is_given(home: Path) -> None:
    make(home, [0.0, "o", "a"], [50.0, "o", "b"], idle_time_limit=0.1)
    begun = time.monotonic()
    assert run(home, "replay", "rec").stdout == b"ab\x1b[0m\r\n"
    assert time.monotonic() - begun < 20
    make(home, [0.0, "o", "a"], [50.0, "o", "b"])
    assert run(home, "replay", "--idle-limit", "0.1", "rec").returncode == 0


def test_at_speed_zero_everything_comes_at_once(home: Path) -> None:
    make(home, *marks(500, 60.0))
    begun = time.monotonic()
    assert run(home, "replay", "--speed", "0", "rec").stdout.count(b"<") == 500
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "x", ""])
def test_a_speed_that_is_none_is_refused(home: Path, value: str) -> None:
    make(home, *marks(1, 1))
    done = run(home, "replay", f"--speed={value}", "rec")
    assert done.returncode == 2
    assert done.stdout == b""


def test_space_pauses_and_goes_on_and_a_dot_goes_one_event_further(sortie: OpenTerminal, home: Path) -> None:
    make(home, *marks(10, 0.3))
    with sortie("replay", "rec") as terminal:
        terminal.wait_for("<1>")
        terminal.press(" ")
        time.sleep(0.1)
        terminal.look(0)
        paused_after = len(terminal.shown)
        time.sleep(1.0)
        terminal.look(0)
        assert len(terminal.shown) == paused_after
        terminal.press(".")
        terminal.wait_for("<2>")
        terminal.press(".")
        terminal.wait_for("<3>")
        time.sleep(0.7)
        terminal.look(0)
        assert b"<4>" not in terminal.shown
        begun = time.monotonic()
        terminal.press(" ")
        terminal.wait_for("<4>")
        assert terminal.wait() == 0
        # The pauses are not made up for.
        assert time.monotonic() - begun > 1.2


def test_ctrl_c_ends_it_with_130_and_the_terminal_as_it_was(sortie: OpenTerminal, home: Path) -> None:
    make(home, [0.0, "o", "\x1b[?1049h\x1b[?25l\x1b[31mred"], [60.0, "o", "never"])
    with sortie("replay", "rec") as terminal:
        before = terminal.modes()
        terminal.wait_for("red")
        terminal.press("\x03")
        assert terminal.wait() == 130
        assert terminal.modes() == before
        assert terminal.shown.endswith(b"\x1b[?25h\x1b[?1049l\x1b[0m\r\n")


def test_an_output_that_somebody_has_made_non_blocking_gets_everything(home: Path) -> None:
    make(home, *[[0.0, "o", "x" * 10_000] for _ in range(30)])
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    process = subprocess.Popen(
        [*SORTIE, "replay", "-s", "0", "rec"], env=environment(home), cwd=ROOT, stdout=theirs
    )
    os.close(theirs)
    with open(ours, "rb") as output:
        assert output.read().count(b"x") == 300_000
    assert process.wait() == 0


def test_modes_are_set_in_spite_of_a_signal_and_not_on_a_terminal_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A terminal on a serial line, which waits for its output and is told of signals meanwhile.
    answers = [termios.error(errno.EINTR, "interrupted"), None, termios.error(errno.EIO, "gone")]

    def set_modes(fd: int, when: int, modes: list[object]) -> None:
        if answer := answers.pop(0):
            raise answer

    monkeypatch.setattr(termios, "tcsetattr", set_modes)
    assert terminal.set_modes(0, termios.TCSADRAIN, []) is True
    assert terminal.set_modes(0, termios.TCSADRAIN, []) is False


def test_a_terminated_replay_leaves_the_terminal_as_it_was(sortie: OpenTerminal, home: Path) -> None:
    make(home, [0.0, "o", "\x1b[?25lup"], [60.0, "o", "never"])
    with sortie("replay", "rec") as terminal:
        before = terminal.modes()
        terminal.wait_for("up")
        terminal.kill(15)
        assert terminal.wait() == 143
        assert terminal.modes() == before
        assert b"\x1b[?25h" in terminal.shown


def test_nothing_typed_or_answered_during_the_replay_reaches_the_shell(home: Path) -> None:
    make(home, [0.0, "o", "go\x1b[6n\x1b[c\x1b]52;c;ZXZpbA==\x07"], [1.0, "o", "end\r\n"])
    with Terminal(["bash", "--noprofile", "-i"], environment(home)) as terminal:
        terminal.wait_for("ready")
        terminal.press(f"{PYTHON} -m recordings.capture replay rec\r")
        terminal.wait_for("\ngo")
        # As a terminal would have answered, and an impatient person typed.
        terminal.press("\x1b[24;80R\x1b[?1;2cxyzzy")
        terminal.wait_for("end")
        terminal.wait_for("ready")
        terminal.press("\r")
        terminal.wait_for("ready")
        assert b"xyzzy" not in terminal.shown
        assert b"\x1b[6n" not in terminal.shown
        assert b"]52" not in terminal.shown
        terminal.press("exit\r")
        assert terminal.wait() == 0


def test_the_prompt_afterwards_begins_on_a_line_of_its_own(sortie: OpenTerminal, home: Path) -> None:
    make(home, [0.0, "o", "no line end"])
    make(home, [0.0, "o", "line end\r\n"], name="other")
    for name, shown in (("rec", b"no line end\x1b[0m\r\n"), ("other", b"line end\r\n\x1b[0m")):
        with sortie("replay", name) as terminal:
            assert terminal.wait() == 0
            assert terminal.shown == shown


def test_line_feeds_without_return_are_shown_as_the_program_meant_them(sortie: OpenTerminal, home: Path) -> None:
    # Full-screen programs move down by a bare line feed.
    make(home, [0.0, "o", "a\nb\r\n"])
    with sortie("replay", "rec") as terminal:
        assert terminal.wait() == 0
        assert terminal.shown == b"a\nb\r\n\x1b[0m"


def test_a_recording_is_replayed_as_it_was_shown(sortie: OpenTerminal, home: Path) -> None:
    script = "printf '\\033[1;32mgreen\\033[0m ünï\\n'; sleep 0.2; seq 1 2000"
    with sortie("rec", "-q", "--", "sh", "-c", script) as recorded:
        assert recorded.wait() == 0
    name = re.findall(r"_([0-9a-f]{12})\.cast", str(list((home / ".sortie").rglob("*.cast"))))[0]
    with sortie("replay", "-s", "5", name) as replayed:
        assert replayed.wait() == 0
        assert replayed.shown == recorded.shown + b"\x1b[0m"


def test_a_reader_that_has_enough_is_no_error_to_speak_of(home: Path) -> None:
    make(home, *([0.0, "o", "line\r\n"] for _ in range(100_000)))
    with Terminal(["bash", "--noprofile", "-i"], environment(home)) as terminal:
        terminal.wait_for("ready")
        terminal.press(f"{PYTHON} -m recordings.capture replay -s 0 rec | head -n 1; echo ${{PIPESTATUS[0]}}\r")
        terminal.wait_for("\nline\r+\n141\r\n")
        terminal.press("exit\r")
        terminal.wait()
