"""The portal's web process on the database of the tests, and a client that sends byte by byte what it is told."""

import http.client
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from pathlib import Path

from django.db import connection

from tests import environment
from tests.services import Server, free_ports

ROOT = Path(__file__).resolve().parents[1]


def database_url() -> str:
    """The address of the database the tests use."""
    name = str(connection.settings_dict["NAME"])
    return f"sqlite:///{name}" if connection.vendor == "sqlite" else environment.servers().postgres.url(name)


class Web(Server):
    """A portal's web process, with a worker in it unless there is a broker, and with data and temporary folders."""

    name = "web"

    def __init__(self, database: str, **variables: str) -> None:
        super().__init__()
        [self.port] = free_ports(1)
        self.data, self.temporary = self.folder / "data", self.folder / "tmp"
        self.temporary.mkdir()
        self.data.mkdir()
        self.variables = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database,
            "SORTIE_DATA": str(self.data),
            "SORTIE_RECORDING_STORAGE_PATH": str(self.data / "recordings"),
            "SORTIE_IN_PROCESS_WORKER": "false" if environment.PROFILE == "many" else "true",
            "PORT": str(self.port),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(ROOT),
            **variables,
        }

    @property
    def staging(self) -> Path:
        return self.data / "staging"

    def staged(self) -> list[str]:
        return sorted(path.name for path in self.staging.glob("*"))

    def start(self) -> None:
        self.launch([sys.executable, "-m", "sortie.web"], self.variables, self._answers)

    def kill(self) -> None:
        """End all its processes at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            probe.request("GET", "/login")
            return probe.getresponse().status == 200
        return False

    @contextmanager
    def connected(self, *, timeout: float = 10) -> Iterator["Wire"]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as plug:
            yield Wire(plug)


class Wire:
    """One connection to the portal."""

    def __init__(self, plug: socket.socket) -> None:
        self._plug = plug

    def head(self, method: str, path: str, headers: Mapping[str, str | int]) -> None:
        """Send a request up to the empty line, and nothing of its body."""
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            *(f"{name}: {text}" for name, text in headers.items()),
        ]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def send(self, data: bytes) -> None:
        self._plug.sendall(data)

    def no_more(self) -> None:
        """End our half of the connection, as a client does that breaks off."""
        self._plug.shutdown(socket.SHUT_WR)

    def vanish(self) -> None:
        """End the connection without a good-bye."""
        self._plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self._plug.close()

    def answer(self) -> tuple[int, Message, bytes]:
        """Status, headers and body of the next answer; raises TimeoutError when there is none."""
        response = http.client.HTTPResponse(self._plug)
        response.begin()
        return response.status, response.headers, response.read()

    def line(self) -> bytes:
        """The next line of an answer that has no body."""
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            received += self._plug.recv(1)
        return received.strip()

    def rest(self) -> bytes:
        """Everything that still comes until the portal ends the connection."""
        received = b""
        with suppress(ConnectionResetError):
            while data := self._plug.recv(65536):
                received += data
        return received
