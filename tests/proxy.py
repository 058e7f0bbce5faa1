"""A TCP proxy that fails on command, to break a real connection at a chosen byte."""

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_READ = 64 * 1024


class FaultyProxy:
    """Passes bytes to `endpoint` until `break_after` of them have gone there; then every connection dies.

    Once healthy again (`heal`) it passes everything. `on_bytes` is called with the count so far.
    cuts: counts at which every connection dies once, and new ones are fine.
    lost_answers: the share of answers that never reach the client; its connection dies instead.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        break_after: int | None = None,
        bytes_per_second: int | None = None,
        on_bytes: Callable[[int], None] | None = None,
        cuts: Iterable[int] = (),
        lost_answers: float = 0,
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
        self._cuts = sorted(cuts)
        self._lost_answers = lost_answers
        self._chance = random.Random(1)
        self.lost = self.cut = 0

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
                if not counted and self._loses_this():
                    break
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
        if self._broken or self._is_cut():
            self._hang_up()

    def _is_cut(self) -> bool:
        with self._lock:
            if not self._cuts or self.sent < self._cuts[0]:
                return False
            del self._cuts[0]
            self.cut += 1
            return True

    def _loses_this(self) -> bool:
        with self._lock:
            lost = self._chance.random() < self._lost_answers
            self.lost += lost
            return lost

    def _hang_up(self) -> None:
        with self._lock:
            ends = list(self._open)
        for end in ends:
            with suppress(OSError):
                # A reset when it is closed: a sender that has filled the window would else ask for minutes.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
