"""A recording SSH proxy in front of a real sshd, used by a real ssh."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from recordings.capture import RecordingConfig
from tests.capture import casts
from tests.capture.background import BackgroundLoop, closed
from tests.capture.proxy import Proxy
from tests.capture.sshd import Sshd
from tests.capture.user import Terminal, environment
from tests.waiting import until


@dataclass
class Through:
    """How to reach the far side, and where what happens there is recorded."""

    ssh: list[str]
    folder: Path
    proxy: Proxy

    def recording(self) -> Path:
        """The newest one, once it has ended: the client is let go a little before."""
        path = self.folder / f"{self.proxy.sessions[-1]}.cast"
        until(lambda: path.with_suffix(".json").exists(), "the end of the recording")
        return path


@pytest.fixture
def through(sshd: Sshd, tmp_path: Path) -> Iterator[Through]:
    folder = tmp_path / "recorded"
    proxy = Proxy("127.0.0.1", sshd.port, sshd.user, sshd.folder / "user_key", RecordingConfig(output_dir=folder))
    known = ["-o", f"UserKnownHostsFile={tmp_path / 'known'}"]
    with BackgroundLoop() as loop:
        acceptor = loop.run(proxy.listen(sshd.folder / "authorized_keys"))
        yield Through(["ssh", *sshd.client, "-p", str(acceptor.get_port()), *known, sshd.host], folder, proxy)
        loop.run(closed(acceptor))


def metadata(path: Path) -> dict[str, str]:
    """What the proxy wrote beside a recording."""
    content: dict[str, str] = json.loads(path.with_suffix(".json").read_text())
    return content


def test_a_shell_through_the_proxy(through: Through, home: Path, sshd: Sshd) -> None:
    with Terminal(through.ssh, environment(home), columns=90, rows=20) as terminal:
        terminal.wait_for(r"[#$] ")
        terminal.press("PS1='far> '\r")
        terminal.wait_for("[^']far> ")
        terminal.press("stty size; echo żółć 日本\r")
        terminal.wait_for("20 90")
        terminal.resize(111, 33)
        # The news of it may come after what is typed.
        terminal.press("until [ \"$(stty size)\" = '33 111' ]; do sleep 0.1; done; stty size; exit 4\r")
        terminal.wait_for("[\r\n]33 111\r")
        assert terminal.wait() == 4
    path = through.recording()
    header, events = casts.read(path)
    assert (header["width"], header["height"]) == (90, 20)
    assert header["sortie"]["user"] == sshd.user
    assert "żółć 日本\r\n" in casts.text_of(path)
    assert "exit 4\r" in casts.text_of(path, "i")
    assert [data for _, code, data in events if code == "r"] == ["111x33"]
    assert metadata(path)["host"] == "127.0.0.1"


def test_a_command_through_the_proxy(through: Through) -> None:
    data = os.urandom(200_000)
    done = subprocess.run([*through.ssh, "cat; echo err >&2; exit 6"], input=data, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (6, data, b"err\n")
    assert "err\n" in casts.text_of(through.recording())


def test_a_password_typed_through_the_proxy_is_not_recorded(through: Through, home: Path) -> None:
    with Terminal([*through.ssh[:-1], "-t", through.ssh[-1], "bash --norc"], environment(home)) as terminal:
        terminal.wait_for(r"\$ |# ")
        terminal.press("read -s -p 'Password: ' x; echo; echo length ${#x}\r")
        terminal.wait_for("[^']Password: ")
        for character in "hunter2":
            terminal.press(character)
        terminal.press("\r")
        terminal.wait_for("length 7")
        terminal.press("exit\r")
        terminal.wait()
    typed = casts.text_of(through.recording(), "i")
    assert "length" in typed
    assert "hunter2" not in typed
