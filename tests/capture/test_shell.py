"""`sortie shell` as the ForceCommand of a real sshd: all that people do over ssh works, and shells are kept."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.capture import casts
from tests.capture.sshd import Sshd
from tests.capture.user import ROOT, Terminal, environment

COMMAND = f"{sys.executable} -m recordings.capture shell"


@dataclass
class Box:
    """A host whose logins are recorded."""

    sshd: Sshd
    kept: Path

    def recordings(self) -> list[Path]:
        return sorted((self.kept / "recordings").glob("*/*.cast"), key=lambda path: path.stat().st_mtime_ns)

    def run(self, *command: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        """A client program that reaches the host by its settings file."""
        options: dict[str, Any] = {"capture_output": True, "timeout": 60, "check": False} | more
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        return subprocess.run([command[0], *self.sshd.client, *command[1:]], **options)

    def newest(self, count: int) -> Path:
        """The newest recording, of so many, once it has its sidecar: sshd lets clients go a little before."""
        deadline = time.monotonic() + 10
        while True:
            found = self.recordings()
            if len(found) == count and found[-1].with_name(f"{found[-1].stem}.meta.json").exists():
                return found[-1]
            assert time.monotonic() < deadline, found
            time.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sshd, Path]]:
    folder = tmp_path_factory.mktemp("forced")
    kept = folder / "kept"
    variables = f"SORTIE_HOME={kept} PYTHONPATH={ROOT}"
    accept = "SORTIE_NO_RECORD SORTIE_SESSION"
    with Sshd(folder / "sshd", ForceCommand=COMMAND, SetEnv=variables, AcceptEnv=accept) as sshd:
        yield sshd, kept


@pytest.fixture
def box(server: tuple[Sshd, Path]) -> Box:
    sshd, kept = server
    shutil.rmtree(kept, ignore_errors=True)
    return Box(sshd, kept)


def test_a_login_gets_its_login_shell_and_is_recorded(box: Box, home: Path) -> None:
    with Terminal(["ssh", *box.sshd.client, "box"], environment(home), columns=99, rows=29) as terminal:
        terminal.wait_for(r"[#$] ")
        terminal.press("PS1='far> '\r")
        terminal.wait_for("[^']far> ")
        terminal.press("echo $0; shopt -q login_shell && echo it is; stty size\r")
        terminal.wait_for("29 99")
        terminal.resize(120, 35)
        # Over ssh the news of it may come after what is typed.
        terminal.press("until [ \"$(stty size)\" = '35 120' ]; do sleep 0.1; done; stty size; exit 7\r")
        terminal.wait_for("[\r\n]35 120\r")
        assert terminal.wait() == 7
    path = box.newest(1)
    shown = casts.text_of(path)
    assert "-bash\r\nit is\r\n" in shown
    header, events = casts.read(path)
    assert (header["width"], header["height"]) == (99, 29)
    assert header["title"] == f"login of {box.sshd.user} from 127.0.0.1"
    assert events[-1][1:] == ("x", "7")
    assert "recorded" not in terminal.shown.decode()


def test_a_command_is_recorded_and_its_streams_and_status_pass(box: Box) -> None:
    data = os.urandom(200_000)
    done = box.run("ssh", "box", "cat; echo err >&2; exit 9", input=data)
    assert (done.returncode, done.stdout, done.stderr) == (9, data, b"err\n")
    assert "\x1b[31merr\r\n\x1b[0m" in casts.text_of(box.newest(1))


def test_a_command_with_no_input(box: Box) -> None:
    assert box.run("ssh", "-n", "box", "echo out").stdout == b"out\n"
    assert casts.text_of(box.newest(1)) == "out\r\n"


def test_a_command_with_a_terminal(box: Box, home: Path) -> None:
    with Terminal(["ssh", *box.sshd.client, "-tt", "box", "tty; exit 5"], environment(home)) as terminal:
        assert terminal.wait() == 5
        assert b"/dev/pts/" in terminal.shown
    assert "/dev/pts/" in casts.text_of(box.newest(1))


def test_a_script_on_standard_input(box: Box) -> None:
    done = box.run("ssh", "-T", "box", input=b"echo from the script\nexit 3\n")
    assert (done.returncode, done.stdout) == (3, b"from the script\n")
    assert "from the script\r\n" in casts.text_of(box.newest(1))


def test_users_cannot_decline(box: Box) -> None:
    done = box.run("ssh", "-o", "SetEnv=SORTIE_NO_RECORD=1 SORTIE_SESSION=x", "box", "echo out")
    assert done.stdout == b"out\n"
    assert box.newest(1)


def test_sftp(box: Box, tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_bytes(os.urandom(100_000))
    done = box.run("sftp", "-b", "-", "box", input=f"put {source} {tmp_path}/copy\nls {tmp_path}\n".encode())
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert box.recordings() == []


@pytest.mark.parametrize("protocol", [[], ["-O"]], ids=["sftp", "scp"])
def test_scp_both_ways(box: Box, tmp_path: Path, protocol: list[str]) -> None:
    source = tmp_path / "file"
    source.write_bytes(os.urandom(100_000))
    assert box.run("scp", *protocol, str(source), f"box:{tmp_path}/there").returncode == 0
    assert box.run("scp", *protocol, f"box:{tmp_path}/there", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    assert box.recordings() == []


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
def test_rsync(box: Box, tmp_path: Path) -> None:
    source = tmp_path / "tree"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "file").write_bytes(os.urandom(100_000))
    shell = f"ssh {' '.join(box.sshd.client)}"
    done = subprocess.run(
        ["rsync", "-a", "-e", shell, f"{source}/", f"box:{tmp_path}/copy/"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy" / "sub" / "file").read_bytes() == (source / "sub" / "file").read_bytes()
    assert box.recordings() == []


def test_git_clone_and_push(box: Box, home: Path, tmp_path: Path) -> None:
    bare, work = tmp_path / "bare.git", tmp_path / "work"
    names = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    variables = environment(home, GIT_SSH_COMMAND=f"ssh {' '.join(box.sshd.client)}", **names)

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], env=variables, check=True, capture_output=True, timeout=60)

    git("init", "-q", "--bare", "-b", "main", str(bare))
    git("clone", "-q", f"box:{bare}", str(work))
    (work / "file").write_text("content")
    git("-C", str(work), "add", "file")
    git("-C", str(work), "commit", "-q", "-m", "first")
    git("-C", str(work), "push", "-q", "origin", "HEAD:main")
    git("clone", "-q", f"box:{bare}", str(tmp_path / "again"))
    assert (tmp_path / "again" / "file").read_text() == "content"
    assert box.recordings() == []


def test_a_command_that_only_looks_like_a_transfer_is_recorded(box: Box) -> None:
    assert box.run("ssh", "box", "echo internal-sftp; git-annex 2>/dev/null; exit 2").returncode == 2
    assert box.newest(1)


def test_a_connection_that_breaks_ends_the_session(box: Box, home: Path) -> None:
    with Terminal(["ssh", *box.sshd.client, "-tt", "box", "echo up; sleep 60"], environment(home)) as terminal:
        terminal.wait_for("up")
        terminal.kill()
        terminal.wait()
    assert casts.read(box.newest(1))[1][-1][1:] == ("x", "129")


def test_where_recording_is_required_and_impossible_nobody_gets_in(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    forced = f"{COMMAND} --require-recording"
    variables = f"SORTIE_HOME={blocked} PYTHONPATH={ROOT}"
    with Sshd(tmp_path / "sshd", ForceCommand=forced, SetEnv=variables) as sshd:
        done = Box(sshd, blocked).run("ssh", "box", "echo in")
    assert (done.returncode, done.stdout) == (125, b"")
    assert b"cannot record: Not a directory" in done.stderr


def test_a_transfer_leaves_a_line_in_the_system_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import syslog

    from recordings.capture.commands import shell

    lines: list[str] = []
    monkeypatch.setattr(syslog, "syslog", lambda priority, line: lines.append(line))
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.1 22")
    shell.note("scp -t /tmp/\x1b[31mx")
    assert len(lines) == 1
    assert lines[0].endswith(" from 192.0.2.7 without recording: scp -t /tmp/^[[31mx")
