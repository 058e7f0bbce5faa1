"""A real sshd on a free port of 127.0.0.1, for whoever runs the tests, with keys and settings of its own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.services import free_ports

START_WITHIN = 20.0


def program() -> str:
    """Path of sshd, which wants to be called by its full one. Fails if there is none."""
    found = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    assert found, "openssh-server is not installed"
    return found


class Sshd:
    """Started by `with`. `client` is what to give ssh, scp and the like so that they reach it: `-F FILE`; the host
    is called `box`.
    """

    host = "box"

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        [self.port] = free_ports(1)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> list[str]:
        return ["-F", str(self.folder / "client")]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("host_key", "user_key"):
            self._make_key(name)
        shutil.copy(self.folder / "user_key.pub", self.folder / "authorized_keys")
        (self.folder / "server").write_text(self._server_file())
        (self.folder / "client").write_text(self._client_file())
        if os.geteuid() == 0:
            # Where sshd separates its privileges; a service manager makes it otherwise.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        log = (self.folder / "log").open("wb")
        command = [program(), "-D", "-e", "-f", str(self.folder / "server")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()

    def make_locked_key(self, passphrase: str) -> Path:
        """One more key that opens this server, which ssh asks a passphrase for."""
        self._make_key("locked_key", passphrase)
        with (self.folder / "authorized_keys").open("a") as file:
            file.write((self.folder / "locked_key.pub").read_text())
        return self.folder / "locked_key"

    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text(errors="replace")

    def _make_key(self, name: str, passphrase: str = "") -> None:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(self.folder / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    def _server_file(self) -> str:
        settings = {
            "Port": str(self.port),
            "ListenAddress": "127.0.0.1",
            "HostKey": str(self.folder / "host_key"),
            "AuthorizedKeysFile": str(self.folder / "authorized_keys"),
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
            "PermitRootLogin": "prohibit-password",
            "PasswordAuthentication": "no",
            "PrintMotd": "no",
            "PrintLastLog": "no",
            "Subsystem": "sftp internal-sftp",
            **self._settings,
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _client_file(self) -> str:
        return (
            f"Host {self.host}\n"
            "  HostName 127.0.0.1\n"
            f"  Port {self.port}\n"
            f"  User {self.user}\n"
            f"  IdentityFile {self.folder / 'user_key'}\n"
            "  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.folder / 'known_hosts'}\n"
            "  GlobalKnownHostsFile /dev/null\n"
            "  StrictHostKeyChecking accept-new\n"
            "  LogLevel ERROR\n"
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WITHIN
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)
