"""An HTTP client that costs next to nothing, as a process of its own (`child`): the kernel moves all the bytes.

A question has `port` and `connections`: a list for each connection of the requests to send over it, one after the
other. A request has `head` (text up to and with the empty line), and to send a file `before`, `file`, `after`. The
clock runs from the first byte sent to the last byte received, over connections that are already open.
"""

import mmap
import os
import socket
import threading
import time
from typing import Any

from tests.bench.child import Answer, answer

TIMEOUT = 120.0
SHOWN = 300  # bytes of an answer that is not a success, for the error message
_PIECE = 1 << 26
_nowhere = mmap.mmap(-1, _PIECE)  # MSG_TRUNC drops what it is given: these pages are never touched


def respond(question: Answer) -> Answer:
    """Returns `seconds`, and the `bytes` of all files sent and all bodies received."""
    connections = [_Connection(question["port"], requests) for requests in question["connections"]]
    threads = [threading.Thread(target=each.run) for each in connections]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    for each in connections:
        each.socket.close()
        if each.error:
            raise each.error
    return {"seconds": seconds, "bytes": sum(each.moved for each in connections)}


class _Connection:
    def __init__(self, port: int, requests: list[dict[str, Any]]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A timeout of Python's makes sockets non-blocking, and every sendfile a small one.
        self.socket.settimeout(None)
        limit = int(TIMEOUT).to_bytes(8, "little") + bytes(8)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._requests = requests
        self.moved = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for request in self._requests:
                self._send(request)
                self._receive()
        except Exception as error:
            self.error = error

    def _send(self, request: dict[str, Any]) -> None:
        self.socket.sendall((request["head"] + request.get("before", "")).encode())
        if "file" in request:
            with open(request["file"], "rb") as file:
                at, end = 0, os.fstat(file.fileno()).st_size
                while at < end:
                    at += os.sendfile(self.socket.fileno(), file.fileno(), at, end - at)
            self.moved += end
            self.socket.sendall(request.get("after", "").encode())

    def _receive(self) -> None:
        head, body = b"", b""
        while b"\r\n\r\n" not in head:
            piece = self.socket.recv(4096)
            if not piece:
                raise ConnectionError(f"the server hung up after {head!r}")
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        left = _length(head) - len(body)
        if not head.startswith(b"HTTP/1.1 2"):
            raise ConnectionError(f"{head!r} {body[:SHOWN]!r}")
        self.moved += len(body) + left
        while left > 0:
            got = self.socket.recv_into(_nowhere, min(left, _PIECE), socket.MSG_TRUNC | socket.MSG_WAITALL)
            if not got:
                raise ConnectionError(f"the server hung up {left} bytes too soon")
            left -= got


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    if b" 204 " in head[:20]:
        return 0
    raise ConnectionError(f"an answer without a length: {head!r}")


if __name__ == "__main__":
    answer(respond)
