"""A VNC server with nothing behind it: it opens as one does (RFC 6143), and rings its bell twice a second."""

import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

EVERY = 0.5
_BELL = b"\x02"
_FORMAT = struct.pack("!BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


class _Viewer(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):
            self.wfile.write(b"RFB 003.008\n")
            self.rfile.read(12)
            self.wfile.write(bytes([1, 1]))
            self.rfile.read(1)
            self.wfile.write(bytes(4))
            self.rfile.read(1)
            self.wfile.write(struct.pack("!HH", 64, 48) + _FORMAT + struct.pack("!I", 4) + b"soak")
            while True:
                self.wfile.write(_BELL)
                time.sleep(EVERY)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def running() -> Iterator[str]:
    """Its address, host:port."""
    with _Server(("127.0.0.1", 0), _Viewer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        yield f"{host!s}:{port}"
        server.shutdown()
