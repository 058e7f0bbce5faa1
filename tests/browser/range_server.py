"""The least a player needs to seek: files of one folder over HTTP with Range, and a page with a video element."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

PAGE = b"<!doctype html><title>player</title><video muted></video>"


@dataclass
class Served:
    """address: of the page, which ends in a slash; files are beside it. sent: bytes of files sent so far."""

    address: str = ""
    sent: int = 0


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    served = Served()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, folder, served)) as server:
        served.address = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, folder: Path, served: Served, *connection: object) -> None:
        self._folder, self._served = folder, served
        super().__init__(*connection)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:  # noqa: N802
        if not self.path.endswith(".webm"):
            self._answer(200, len(PAGE), "text/html")
            self.wfile.write(PAGE)
            return
        path = self._folder / self.path.lstrip("/")
        size = path.stat().st_size
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        start, stop = int(first), int(last or size - 1) + 1
        self._answer(206, stop - start, "video/webm", f"bytes {start}-{stop - 1}/{size}")
        with path.open("rb") as file, suppress(ConnectionError):
            self._send(file, start, stop)

    def _answer(self, status: int, length: int, kind: str, extent: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if extent:
            self.send_header("Content-Range", extent)
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    def _send(self, file: BinaryIO, start: int, stop: int) -> None:
        file.seek(start)
        while start < stop:
            start += self.wfile.write(block := file.read(min(65536, stop - start)))
            self._served.sent += len(block)
