"""A real desktop to look at: TigerVNC on a Unix socket, with something on it that moves."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services import wait_until

PASSWORD = "s3cret-8"
# Prints what is typed, and the time ten times a second.
SHELL = "while :; do date +%H:%M:%S.%N; sleep 0.1; done"


@dataclass(frozen=True)
class Desktop:
    """`target` is what a session is given; `password` is empty if it asks for none."""

    target: str
    display: str
    password: str

    def run(self, *command: str) -> "subprocess.Popen[bytes]":
        """A program on the desktop."""
        return subprocess.Popen(command, env={**os.environ, "DISPLAY": self.display})


@contextmanager
def running(*, password: str = "", moving: bool = True) -> Iterator[Desktop]:
    """A desktop of 1024 x 768 pixels."""
    with tempfile.TemporaryDirectory(prefix="sortie-vnc-", ignore_cleanup_errors=True) as folder:
        socket, log = Path(folder) / "vnc.sock", Path(folder) / "log"
        display = _free_display()
        command = [
            "Xtigervnc",
            display,
            "-rfbport=-1",
            f"-rfbunixpath={socket}",
            "-geometry",
            "1024x768",
            "-depth",
            "24",
        ]
        command += _security(Path(folder), password)
        with log.open("wb") as output:
            server = subprocess.Popen(command, stdout=output, stderr=output)
        shell = None
        try:
            wait_until(socket.exists, server, log)
            desktop = Desktop(str(socket), display, password)
            if moving:
                shell = desktop.run("xterm", "-geometry", "80x24+40+40", "-fs", "12", "-e", "sh", "-c", SHELL)
            yield desktop
        finally:
            for process in (shell, server):
                if process is not None:
                    process.terminate()
                    process.wait()


def _security(folder: Path, password: str) -> list[str]:
    if not password:
        return ["-SecurityTypes=None"]
    known = folder / "passwd"
    made = subprocess.run(["vncpasswd", "-f"], input=password.encode(), capture_output=True, check=True)
    known.write_bytes(made.stdout)
    return ["-SecurityTypes=VncAuth", f"-PasswordFile={known}"]


def _free_display() -> str:
    number = next(n for n in range(200, 600) if not Path(f"/tmp/.X11-unix/X{n}").exists())
    return f":{number}"
