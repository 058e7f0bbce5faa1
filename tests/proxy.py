"""A TCP proxy that fails on command, to break a real connection at a chosen byte."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_READ = 64 * 1024


class FaultyProxy:
    """Passes bytes to `endpoint` until `break_after` of them have gone there; then every connection dies.

    Once healthy again (`heal`) it passes everything. `on_bytes` is called with the count so far.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        break_after: int | None = None,
        bytes_per_second: int | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        address = urlsplit(endpoint)
        self._target = (address.hostname or "", address.port or 0)
        self._break_after = break_after
        self._rate = bytes_per_second
        self._on_bytes = on_bytes
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.sent = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def heal(self) -> None:
        self._break_after = None

    def break_now(self) -> None:
        self._break_after = 0
        self._hang_up()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._hang_up()

    @property
    def _broken(self) -> bool:
        return self._break_after is not None and self.sent >= self._break_after

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._broken:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                with self._lock:
                    self._open |= {client, server}
                threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(_READ):
                sink.sendall(data)
                if counted:
                    self._count(len(data))
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {source, sink}
        source.close()

    def _count(self, length: int) -> None:
        with self._lock:
            self.sent += length
        if self._on_bytes:
            self._on_bytes(self.sent)
        if self._rate:
            time.sleep(length / self._rate)
        if self._broken:
            self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            ends = list(self._open)
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
