"""A WebSocket client that can be as slow and as wrong as no browser is (RFC 6455)."""

import base64
import os
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Message:
    """`code` is that of a close, else 0."""

    data: bytes
    code: int = 0


class WebSocket:
    """One connection. `status` is that of the handshake: 101, or why not."""

    def __init__(self, url: str, *, origin: str = "", cookie: str = "") -> None:
        where = urlsplit(url)
        self._socket = socket.create_connection((where.hostname, where.port), timeout=20)
        lines = [
            f"GET {where.path} HTTP/1.1",
            f"Host: {where.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: binary",
            *([f"Origin: {origin}"] if origin else []),
            *([f"Cookie: {cookie}"] if cookie else []),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._left = b""
        while b"\r\n\r\n" not in self._left:
            self._left += self._block()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])

    def receive(self) -> Message:
        """The next message that is not about the connection itself."""
        while True:
            first, second = self._take(2)
            length = second & 0x7F
            if length >= 126:
                (length,) = struct.unpack("!H" if length == 126 else "!Q", self._take(2 if length == 126 else 8))
            data = self._take(length)
            match first & 0x0F:
                case 8:
                    (code,) = struct.unpack("!H", data[:2])
                    return Message(data[2:], code)
                case 9:
                    self._send(10, data)
                case 0 | 1 | 2:
                    return Message(data)

    def receive_exactly(self, count: int) -> bytes:
        """That many bytes of messages that are no longer than that."""
        data = b""
        while len(data) < count:
            message = self.receive()
            assert not message.code, message
            data += message.data
        assert len(data) == count
        return data

    def send(self, data: bytes) -> None:
        self._send(2, data)

    def close(self) -> None:
        self._socket.close()

    def _send(self, opcode: int, data: bytes) -> None:
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
        self._socket.sendall(bytes([0x80 | opcode]) + size + bytes(4) + data)

    def _take(self, count: int) -> bytes:
        while len(self._left) < count:
            self._left += self._block()
        data, self._left = self._left[:count], self._left[count:]
        return data

    def _block(self) -> bytes:
        block = self._socket.recv(65_536)
        assert block, "The connection was broken off."
        return block
