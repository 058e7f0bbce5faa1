"""`sortie exec`: commands here and over a real ssh, alone and several to a session."""

import gzip
import json
import os
import random
import re
import signal
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.capture import casts
from tests.capture.conftest import OpenTerminal
from tests.capture.killing import ALLOWED_SECONDS, inflated, kill_exec
from tests.capture.sshd import Sshd
from tests.capture.user import ROOT, SORTIE, environment, run
from tests.waiting import until

RED, END = "\x1b[31m", "\x1b[0m"


def folder(home: Path) -> Path:
    return home / ".sortie" / "recordings"


def only(home: Path) -> Path:
    [path] = folder(home).glob("*.cast.gz")
    return path


def shown(path: Path) -> list[str]:
    """The output events."""
    return [data for _, code, data in casts.read(path)[1] if code == "o"]


def test_one_command_here_is_shown_with_its_errors_and_its_status(home: Path) -> None:
    done = run(home, "exec", "localhost", "--", "echo out; sleep 0.1; echo err >&2; sleep 0.1; printf end; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\nend", b"err\n")
    path = only(home)
    header, _ = casts.read(path)
    session_id = path.name.removesuffix(".cast.gz")
    assert (header["width"], header["height"], header["title"]) == (120, 40, f"session-{session_id}")
    assert header["sortie"]["session_id"] == session_id
    assert shown(path) == [
        "$ echo out; sleep 0.1; echo err >&2; sleep 0.1; printf end; exit 3\r\n",
        "out\r\n",
        f"{RED}err\r\n{END}",
        "end",
        "\r\n",
        "[exit 3]\r\n",
    ]
    content = casts.sidecar(path)
    assert content["command_count"] == 1
    assert content["host_id"] == os.uname().nodename
    assert content["size_bytes"] == path.stat().st_size
    assert content["payload_bytes"] == len(gzip.decompress(path.read_bytes()))
    assert {"session_id", "host_id", "user", "shell", "start_time", "end_time", "duration_ms"} <= set(content)
    assert "truncated" not in content
    assert sorted(os.listdir(folder(home))) == [path.name, f"{session_id}.meta.json"]


def test_several_arguments_are_run_as_they_are(home: Path) -> None:
    done = run(home, "exec", "localhost", "--", "printf", "%s|", "a b", "$HOME", "*")
    assert done.stdout == b"a b|$HOME|*|"
    assert shown(only(home))[0] == "$ printf '%s|' 'a b' '$HOME' '*'\r\n"


def test_commands_of_one_session_share_a_recording_until_it_ends(home: Path) -> None:
    for command in ("echo one", "printf two", "exit 5"):
        run(home, "exec", "--session", "deploy-1", "localhost", "--", command)
    path = folder(home) / "deploy-1.cast.gz"
    assert sorted(os.listdir(folder(home))) == ["deploy-1.cast.gz", "deploy-1.open.json"]
    listed = json.loads(run(home, "list", "--json").stdout)
    assert [(entry["session_id"], entry["state"]) for entry in listed] == [("deploy-1", "open")]
    assert run(home, "exec", "--session", "deploy-1", "--end", "localhost", "--", "echo four").returncode == 0
    assert shown(path) == [
        "$ echo one\r\n", "one\r\n", "$ printf two\r\n", "two", "\r\n", "$ exit 5\r\n", "[exit 5]\r\n",
        "$ echo four\r\n", "four\r\n",
    ]  # fmt: skip
    assert casts.sidecar(path)["command_count"] == 4
    assert sorted(os.listdir(folder(home))) == ["deploy-1.cast.gz", "deploy-1.meta.json"]
    # One gzip member: browsers read no further than the first.
    inflate = zlib.decompressobj(31)
    inflate.decompress(path.read_bytes())
    assert inflate.eof
    assert inflate.unused_data == b""


def test_a_session_can_be_ended_by_itself_and_takes_no_more(home: Path) -> None:
    run(home, "exec", "--session", "s", "localhost", "--", "echo one")
    assert run(home, "exec", "--session", "s", "--end").returncode == 0
    assert casts.sidecar(folder(home) / "s.cast.gz")["command_count"] == 1
    again = run(home, "exec", "--session", "s", "localhost", "--", "touch ran")
    assert again.returncode == 1
    assert again.stderr == b"sortie: session s has ended\n  begin one with another ID\n"
    assert run(home, "exec", "--session", "s", "--end").returncode == 1
    assert run(home, "exec", "--session", "never", "--end").returncode == 3
    assert not (ROOT / "ran").exists()


def test_a_command_that_comes_while_another_runs_is_recorded_beside_it(home: Path) -> None:
    waiting = f"echo one; while [ ! -e {home}/go ]; do sleep 0.05; done; echo three"
    first = subprocess.Popen(
        [*SORTIE, "exec", "--session", "s", "localhost", "--", waiting],
        env=environment(home), cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert first.stdout
    assert first.stdout.readline() == b"one\n"
    assert run(home, "exec", "--session", "s", "localhost", "--", "echo two").stdout == b"two\n"
    assert run(home, "exec", "--session", "s", "--end").returncode == 1
    (home / "go").touch()
    first.communicate()
    assert shown(folder(home) / "s.cast.gz")[1:] == ["one\r\n", "three\r\n"]
    assert shown(folder(home) / "s-2.cast.gz")[1:] == ["two\r\n"]
    assert casts.sidecar(folder(home) / "s-2.cast.gz")["command_count"] == 1


@pytest.mark.parametrize("name", ["../escape", ".hidden", "a/b", "", "x" * 129, "a b", "-x"])
def test_names_that_could_lead_elsewhere_are_refused(home: Path, name: str) -> None:
    done = run(home, "exec", f"--session={name}", "localhost", "--", "true")
    assert done.returncode == 2
    assert not (home / ".sortie").exists()


def test_a_command_over_ssh(home: Path, sshd: Sshd) -> None:
    done = run(home, "exec", *sshd.client, sshd.host, "--", "echo out; echo err >&2; exit 9")
    assert (done.returncode, done.stdout, done.stderr) == (9, b"out\n", b"err\n")
    path = only(home)
    events = shown(path)
    assert events[0] == "$ echo out; echo err >&2; exit 9\r\n"
    assert sorted(events[1:3]) == sorted(["out\r\n", f"{RED}err\r\n{END}"])
    assert events[3:] == ["[exit 9]\r\n"]
    about = casts.read(path)[0]["sortie"]
    assert about["host"] == about["host_id"] == "box"


def test_arguments_reach_the_remote_program_as_they_are(home: Path, sshd: Sshd) -> None:
    arguments = ["a b", "$HOME", "*", "it's", "-l", '"', "x;y", ""]
    done = run(home, "exec", *sshd.client, f"{sshd.user}@{sshd.host}", "--", "printf", "%s|", *arguments)
    assert done.stdout.decode() == "".join(f"{argument}|" for argument in arguments)
    assert casts.read(only(home))[0]["sortie"]["user"] == sshd.user


def test_input_reaches_the_remote_command_and_binary_output_comes_back(home: Path, sshd: Sshd) -> None:
    data = os.urandom(100_000)
    done = run(home, "exec", *sshd.client, sshd.host, "--", "cat", input=data)
    assert done.stdout == data


def test_a_connection_that_cannot_be_made_or_breaks_is_told_from_a_status_of_255(home: Path, sshd: Sshd) -> None:
    refused = run(home, "exec", "--session", "s", *sshd.client, "-p", "1", sshd.host, "--", "true")
    assert refused.returncode == 255
    assert b"Connection refused" in refused.stderr
    own = run(home, "exec", "--session", "s", *sshd.client, sshd.host, "--", "exit 255")
    assert own.returncode == 255
    broken = run(
        home,
        "exec",
        "--session",
        "s",
        *sshd.client,
        sshd.host,
        "--",
        "printf half; sleep 0.3; kill -9 $PPID; sleep 9",
    )
    assert broken.returncode == 255
    assert broken.stdout == b"half"
    run(home, "exec", "--session", "s", "--end")
    path = folder(home) / "s.cast.gz"
    events = "".join(shown(path))
    first, second, third = (part for part in events.split("$ ") if part)
    assert first.endswith("[error: connection lost]\r\n")
    assert RED in first
    assert second == "exit 255\r\n[exit 255]\r\n"
    assert "half" in third
    assert third.endswith("[error: connection lost]\r\n")
    assert casts.sidecar(path)["command_count"] == 3


def test_a_signal_is_told_as_a_shell_does(home: Path) -> None:
    done = run(home, "exec", "localhost", "--", "kill -TERM $$")
    assert done.returncode == 143
    assert shown(only(home))[-1] == "[exit 143]\r\n"


def test_a_program_that_is_not_there_is_shown_as_such(home: Path) -> None:
    done = run(home, "exec", "localhost", "--", "nosuchprogram", "x")
    assert (done.returncode, done.stderr) == (127, b"sortie: nosuchprogram: not found\n")
    assert shown(only(home)) == ["$ nosuchprogram x\r\n", "[exit 127]\r\n"]


def test_controls_and_secrets_in_a_command_are_not_in_the_recording(home: Path) -> None:
    done = run(home, "exec", "localhost", "--", "printf", "%s", "\x1b[31m", "--password=hunter2")
    assert done.stdout == b"\x1b[31m--password=hunter2"
    assert shown(only(home))[0] == "$ printf %s '^[[31m' --password=***\r\n"


def test_at_the_limit_no_colour_is_left_open_and_commands_are_still_counted(home: Path) -> None:
    limit = ("--max-size", "0.02")
    flood = "while [ $((i=i+1)) -lt 3000 ]; do echo error $i >&2; done; echo done"
    done = run(home, "exec", "--session", "s", *limit, "localhost", "--", flood)
    assert done.stderr.endswith(b"error 2999\n")
    for _ in range(3):
        run(home, "exec", "--session", "s", *limit, "localhost", "--", "echo more")
    run(home, "exec", "--session", "s", "--end")
    path = folder(home) / "s.cast.gz"
    events = shown(path)
    assert events[-1] == "\x1b[0m\r\n[recording truncated]\r\n"
    for event in events[:-1]:
        assert event.count(RED) == event.count(END)
    size = len(gzip.decompress(path.read_bytes()))
    assert size <= 0.02 * 1024 * 1024
    content = casts.sidecar(path)
    assert content["truncated"] is True
    assert content["command_count"] == 4
    assert content["payload_bytes"] == size


def test_killed_at_any_moment_it_can_be_read_and_goes_on(home: Path) -> None:
    chance = random.Random(7)
    for _ in range(3):
        assert kill_exec(home, chance, least=1.1, most=1.6, session="s").missing < ALLOWED_SECONDS
    assert run(home, "exec", "--session", "s", "--end", "localhost", "--", "echo after").stdout == b"after\n"
    path = folder(home) / "s.cast.gz"
    assert casts.sidecar(path)["command_count"] == 4
    text = "".join(shown(path))
    assert text.count("$ i=0;") == 3
    assert text.endswith("$ echo after\r\nafter\r\n")


def test_killed_alone_it_is_listed_as_incomplete(home: Path) -> None:
    process = subprocess.Popen(
        [*SORTIE, "exec", "localhost", "--", "echo up; sleep 30"], env=environment(home), cwd=ROOT,
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    until(lambda: b'"up\\r\\n"' in inflated(only(home).read_bytes()), "the first line in the file")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    [entry] = json.loads(run(home, "list", "--json").stdout)
    assert entry["state"] == "incomplete"
    exported = run(home, "export", entry["session_id"], "--format", "txt")
    assert exported.stdout == b"$ echo up; sleep 30\nup\n"
    assert b"has no end" in exported.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["localhost"], ["localhost", "--"], ["--end"], ["--session", "s"], ["-p", "22"], ["--", "localhost"]],
)
def test_an_incomplete_command_line_is_explained(home: Path, arguments: list[str]) -> None:
    done = run(home, "exec", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(b"usage: sortie exec")


def test_declining_runs_the_command_bare(home: Path) -> None:
    for arguments, variables in ((["--no-record"], {}), ([], {"SORTIE_NO_RECORD": "1"})):
        done = run(home, "exec", *arguments, "localhost", "--", "echo $PPID; exit 3", **variables)
        assert done.returncode == 3
    assert not (home / ".sortie").exists()


def test_a_recording_that_cannot_begin_costs_one_warning(home: Path) -> None:
    blocked = home / "file"
    blocked.touch()
    done = run(home, "exec", "localhost", "--", "echo ran; exit 4", SORTIE_HOME=blocked)
    assert (done.returncode, done.stdout) == (4, b"ran\n")
    assert done.stderr == b"sortie: cannot record: Not a directory (~/file)\n"
    done = run(home, "exec", "--require-recording", "localhost", "--", "echo ran", SORTIE_HOME=blocked)
    assert (done.returncode, done.stdout) == (125, b"")


def test_one_line_at_the_end_for_people(sortie: OpenTerminal) -> None:
    with sortie("exec", "localhost", "--", "true", NO_COLOR=1) as terminal:
        assert terminal.wait() == 0
        assert re.fullmatch(
            rb"recorded 0:00 to ~/\.sortie/recordings/[0-9a-f]{12}\.cast\.gz, sortie replay [0-9a-f]{4}\r\n",
            terminal.shown,
        )


def test_files_are_private(home: Path) -> None:
    run(home, "exec", "--session", "s", "localhost", "--", "true")
    run(home, "exec", "--session", "t", "--end", "localhost", "--", "true")
    modes: dict[str, Any] = {path.name: oct(path.stat().st_mode & 0o777) for path in folder(home).iterdir()}
    assert len(modes) == 4
    assert set(modes.values()) == {"0o600"}
