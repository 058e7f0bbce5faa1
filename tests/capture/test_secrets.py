"""With typed input recorded, no password anybody types at a real prompt is in any file afterwards."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from tests.capture import casts
from tests.capture.background import BackgroundLoop, closed
from tests.capture.conftest import OpenTerminal
from tests.capture.sshd import Sshd
from tests.capture.user import SORTIE

SECRET = "hunter2-Zürich"
PYTHON = SORTIE[0]


def nowhere(home: Path) -> None:
    """Fails if the secret, or a part of it, is in a file of the recorder."""
    files = [path for path in (home / ".sortie").rglob("*") if path.is_file()]
    assert files
    for path in files:
        text = path.read_bytes().decode()
        assert SECRET not in text
        assert "hunter2" not in "".join(casts.text_of(path, "i") if path.suffix == ".cast" else text)
        assert "rich" not in text


def test_at_read_s_in_a_recorded_shell(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "--stdin") as terminal:
        terminal.wait_for("ready")
        terminal.press("read -s x; echo length ${#x}\r")
        terminal.wait_for("\r\n")
        # What is typed before the shell has turned echo off, the terminal itself shows.
        time.sleep(0.3)
        for character in SECRET:
            terminal.press(character)
            terminal.look(0.02)
        terminal.press("\r")
        terminal.wait_for(f"length {len(SECRET)}")
        terminal.press("echo open; exit\r")
        terminal.wait()
    nowhere(home)
    typed = casts.text_of(casts.only(home), "i")
    assert typed == "read -s x; echo length ${#x}\recho open; exit\r"


@pytest.mark.parametrize(
    "ask",
    [
        "import getpass; print(len(getpass.getpass('Old password: ')))",
        # In raw mode with stars, as sudo's pwfeedback and some graphical askers do: only the words give it away.
        "import sys, termios, tty\n"
        "old = termios.tcgetattr(0); tty.setraw(0); text = b''\n"
        "import os\n"
        "os.write(1, b'Enter password: ')\n"
        "while (c := os.read(0, 1)) != b'\\r': text += c; os.write(1, b'*')\n"
        "termios.tcsetattr(0, termios.TCSADRAIN, old); print(len(text.decode()))",
    ],
    ids=["getpass", "stars"],
)
def test_at_prompts_of_programs(sortie: OpenTerminal, home: Path, ask: str) -> None:
    with sortie("rec", "--stdin", "--", PYTHON, "-c", ask) as terminal:
        terminal.wait_for("assword: ")
        for character in SECRET:
            terminal.press(character)
            terminal.look(0.01)
        terminal.press("\r")
        terminal.wait_for(str(len(SECRET)))
        terminal.wait()
    nowhere(home)


def without_rights(*command: str) -> list[str]:
    """The command as a user whom sudo and passwd ask for a password."""
    if os.geteuid() == 0:
        return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    return list(command)


@pytest.mark.skipif(shutil.which("sudo") is None, reason="sudo is not installed")
def test_at_sudo(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "--stdin", "--", *without_rights("sudo", "-k", "true")) as terminal:
        terminal.wait_for(r"password for \S+: ")
        terminal.press(SECRET)
        terminal.press("\r")
        # At its second question, which comes after a while, and not between the two: there sudo does not listen.
        terminal.wait_for(r"try again\.\r\n.*password for \S+: ", seconds=30)
        terminal.press("\x03")
        terminal.wait()
    nowhere(home)


def test_at_passwd(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "--stdin", "--", *without_rights("passwd")) as terminal:
        terminal.wait_for("[Pp]assword: ")
        terminal.press(SECRET + "\r")
        terminal.wait_for("passwd: ", seconds=30)
        terminal.wait(30)
    nowhere(home)


def test_at_the_passphrase_of_a_key(sortie: OpenTerminal, home: Path, sshd: Sshd) -> None:
    key = sshd.make_locked_key(SECRET)
    options = [*sshd.client, "-o", "IdentityFile=none", "-i", str(key)]
    with sortie("ssh", "--stdin", *options, sshd.host, "echo in; exit 4") as terminal:
        terminal.wait_for("passphrase for key '[^']*': ")
        terminal.press(SECRET + "\r")
        terminal.wait_for("in\r\n")
        assert terminal.wait() == 4
    nowhere(home)


def test_at_prompts_on_the_far_side_of_ssh(sortie: OpenTerminal, home: Path, sshd: Sshd) -> None:
    # Here the local terminal is raw all the time, and echo says nothing.
    with sortie("ssh", "--stdin", *sshd.client, sshd.host) as terminal:
        terminal.wait_for(r"[#$] ")
        terminal.press("read -r -s -p 'Database password: ' x; echo; echo length ${#x}\r")
        terminal.wait_for(r"[^']Database password: ")
        for character in SECRET:
            terminal.press(character)
        terminal.press("\r")
        terminal.wait_for(r"length \d+")
        terminal.press("echo open; exit\r")
        terminal.wait()
    nowhere(home)
    typed = casts.text_of(casts.only(home), "i")
    assert typed.endswith("length ${#x}\recho open; exit\r")


class Asking(asyncssh.SSHServer):
    """Lets in who knows the secret."""

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == SECRET


async def handle(process: asyncssh.SSHServerProcess[str]) -> None:
    process.stdout.write("in\n")
    process.exit(6)


async def listen() -> asyncssh.SSHAcceptor:
    key = asyncssh.generate_private_key("ssh-ed25519")
    return await asyncssh.create_server(Asking, "127.0.0.1", 0, process_factory=handle, server_host_keys=[key])


@pytest.fixture
def asking_port() -> Iterator[int]:
    """The port of a server that takes a password."""
    with BackgroundLoop() as loop:
        server = loop.run(listen())
        yield server.get_port()
        loop.run(closed(server))


def test_at_the_password_of_a_login(sortie: OpenTerminal, home: Path, asking_port: int) -> None:
    settings = {
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": str(home / "known"),
        "PreferredAuthentications": "password",
        "LogLevel": "ERROR",
    }
    options = ["-F", "none", "-p", str(asking_port), *(f"-o{name}={value}" for name, value in settings.items())]
    with sortie("ssh", "--stdin", *options, "alice@127.0.0.1", "anything") as terminal:
        terminal.wait_for("alice@127.0.0.1's password: ")
        terminal.press(SECRET + "\r")
        terminal.wait_for("in\r\n")
        assert terminal.wait() == 6
    nowhere(home)


def test_input_is_not_recorded_unless_asked_for(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec") as terminal:
        terminal.wait_for("ready")
        terminal.press("exit\r")
        terminal.wait()
    assert {code for _, code, _ in casts.read(casts.only(home))[1]} == {"o", "x"}


def test_a_wrong_pattern_is_told_before_anything_runs(home: Path) -> None:
    from tests.capture.user import run

    done = run(home, "rec", "--stdin", "--", "true", SORTIE_PROMPT_REGEX="(")
    assert done.returncode == 2
    assert b"SORTIE_PROMPT_REGEX is not a regular expression" in done.stderr
    assert subprocess.run(["ls", home / ".sortie"], check=False, capture_output=True).returncode == 2
