"""Without a terminal on both sides the recorder puts none in between: bytes, order and ends stay as they are."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from recordings.capture.signals import FORWARDED
from tests.capture import casts
from tests.capture.conftest import OpenTerminal
from tests.capture.user import ROOT, SORTIE, Terminal, environment, run, start_with_no_signal_ignored

PYTHON = SORTIE[0]


def test_output_and_errors_pass_apart_and_are_shown_as_such(home: Path) -> None:
    done = run(home, "rec", "--", "sh", "-c", "echo out; sleep 0.1; echo err >&2; sleep 0.1; printf end; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\nend", b"err\n")
    events = casts.read(casts.only(home))[1]
    assert [event[1:] for event in events] == [
        ("o", "out\r\n"),
        ("o", "\x1b[31merr\r\n\x1b[0m"),
        ("o", "end"),
        ("x", "7"),
    ]


def test_the_command_sees_no_terminal_and_reads_our_input_itself(home: Path) -> None:
    done = run(home, "rec", "--", "sh", "-c", "tty; cat; readlink /proc/self/fd/0", input=b"\x00\xff\r\n\x04")
    assert done.stdout.startswith(b"not a tty\n\x00\xff\r\n\x04pipe:[")


def test_binary_data_of_any_size_is_not_touched(home: Path) -> None:
    data = random.Random(3).randbytes(3_000_000)
    done = run(home, "rec", "--", "cat", input=data)
    assert done.returncode == 0
    assert done.stdout == data


def test_output_to_a_file_and_errors_to_the_terminal(sortie: OpenTerminal, home: Path) -> None:
    target = home / "target"
    with target.open("wb") as file:
        script = "echo out; echo err >&2; tty <&1"
        with sortie("rec", "--", "sh", "-c", script, redirect={1: file.fileno()}) as terminal:
            assert terminal.wait() == 1
            assert terminal.shown == b"err\r\n"
    assert target.read_text() == "out\nnot a tty\n"


def test_a_file_that_is_appended_to_is_appended_to(home: Path) -> None:
    target = home / "log"
    target.write_text("before\n")
    with target.open("ab") as file:
        run(home, "rec", "--", "echo", "after", stdout=file)
    assert target.read_text() == "before\nafter\n"


def test_the_order_of_output_and_errors_in_one_file_is_kept(home: Path) -> None:
    target = home / "log"
    script = "i=0; while [ $i -lt 300 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"
    with target.open("wb") as file:
        run(home, "rec", "--", "sh", "-c", script, stdout=file, stderr=file)
    assert target.read_text() == "".join(f"out {number}\nerr {number}\n" for number in range(300))


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 9", 9), ("kill -TERM $$", 143), ("kill -PIPE $$", 141)]
)
def test_the_exit_status_is_that_of_the_command(home: Path, script: str, status: int) -> None:
    assert run(home, "rec", "--", "sh", "-c", script).returncode == status
    assert casts.read(casts.only(home))[1][-1][1:] == ("x", str(status))


def test_a_command_that_is_not_there(home: Path) -> None:
    done = run(home, "rec", "--", "nosuchprogram")
    assert (done.returncode, done.stdout, done.stderr) == (127, b"", b"sortie: nosuchprogram: not found\n")
    assert casts.recordings(home) == []


def test_a_reader_that_has_enough_ends_the_command_as_without_us(home: Path) -> None:
    script = f"{PYTHON} -m recordings.capture rec -- yes | head -n 2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], env=environment(home), capture_output=True, timeout=20, check=False
    )
    assert done.stdout == b"y\ny\n141\n"


@pytest.mark.parametrize("number", FORWARDED)
def test_a_signal_reaches_the_command_once(home: Path, number: signal.Signals) -> None:
    counting = "trap 'echo caught; n=$((n+1))' HUP INT QUIT TERM USR1 USR2; echo up"
    script = f"{counting}; while [ ! -e done ]; do sleep 0.05; done; echo $n"
    process = subprocess.Popen(
        [*SORTIE, "rec", "--", "bash", "-c", script], env=environment(home), cwd=home, stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=start_with_no_signal_ignored,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    process.send_signal(number)
    assert process.stdout.readline() == b"caught\n"
    (home / "done").touch()
    assert process.stdout.read() == b"1\n"
    assert process.wait() == 0


def test_an_interrupt_from_the_keyboard_reaches_the_command_once(home: Path) -> None:
    script = "trap 'n=$((n+1))' INT; echo up >&2; for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done; echo $n >&2"
    (home / "script").write_text(script)
    line = f"{PYTHON} -m recordings.capture rec -- bash script >/dev/null"
    with Terminal(["bash", "--noprofile", "-i"], environment(home), cwd=home) as terminal:
        terminal.wait_for("ready")
        terminal.press(f"{line}\r")
        terminal.wait_for("\nup\r\n")
        time.sleep(0.2)
        terminal.press("\x03")
        terminal.wait_for(r"\^C1\r\n")
        terminal.press("exit\r")
        terminal.wait()


def test_what_the_command_leaves_running_is_still_heard_and_holds_nobody_up(home: Path) -> None:
    # As with a service that is started: its output must not break because the recorder has ended.
    target = home / "log"
    script = "(while [ ! -e ended ]; do sleep 0.05; done; echo late; echo survived >survived) & echo started"
    with target.open("wb") as file:
        assert run(home, "rec", "--", "sh", "-c", f"cd {home}; {script}", stdout=file).returncode == 0
    (home / "ended").touch()
    assert casts.text_of(casts.only(home)) == "started\r\n"
    deadline = time.monotonic() + 10
    while not (home / "survived").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert target.read_text() == "started\nlate\n"


def test_a_slow_reader_gets_everything(home: Path) -> None:
    process = subprocess.Popen(
        [*SORTIE, "rec", "--", "sh", "-c", "seq 1 100000; echo err >&2"], env=environment(home), cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(0.5)
    output, errors = process.communicate(timeout=30)
    assert output == b"".join(b"%d\n" % number for number in range(1, 100001))
    assert errors == b"err\n"


def test_input_is_told_of_on_request(home: Path) -> None:
    done = run(home, "rec", "--stdin", "--", "sh", "-c", "cat; echo end", input="wörd\nlast".encode())
    assert done.stdout == "wörd\nlastend\n".encode()
    assert casts.text_of(casts.only(home), "i") == "wörd\nlast"


def test_a_size_limit_ends_the_recording_and_no_byte_of_the_output(home: Path) -> None:
    data = os.urandom(2_000_000)
    done = run(home, "rec", "--max-size", "0.5", "--", "cat", input=data)
    assert done.stdout == data
    assert casts.sidecar(casts.only(home))["truncated"] is True


@pytest.mark.skipif(shutil.which("tar") is None, reason="tar is not installed")
def test_an_archive_through_two_recorders_arrives(home: Path) -> None:
    (home / "from").mkdir()
    (home / "from" / "file").write_bytes(os.urandom(200_000))
    (home / "to").mkdir()
    recorder = f"{PYTHON} -m recordings.capture rec --"
    script = f"{recorder} tar -C from -cf - file | {recorder} tar -C to -xf -"
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", script], env=environment(home), cwd=home, check=True, timeout=30
    )
    assert (home / "to" / "file").read_bytes() == (home / "from" / "file").read_bytes()
