"""A program that is told things by webhooks, on this machine; and how such a program checks who tells it."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE = 300


@dataclass(frozen=True)
class Told:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers with the next of `statuses`, the last of them for ever."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    told: list[Told] = field(default_factory=list)
    before: Callable[[BaseHTTPRequestHandler], None] = lambda handler: None

    def next_status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            receiver.told.append(Told(self.path, dict(self.headers.items()), self.rfile.read(length)))
            receiver.before(self)
            status = receiver.next_status()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{receiver.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()


class Verifier:
    """As a receiver should: signed right, not too old, not seen before. By the specification, not by our code."""

    def __init__(self, secret: str) -> None:
        self._key = base64.b64decode(secret.split("_", 1)[1])
        self._seen: set[str] = set()

    def accepts(self, told: Told, *, now: float | None = None) -> bool:
        headers = {name.lower(): value for name, value in told.headers.items()}
        message, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        signed = b".".join([message.encode(), timestamp.encode(), told.body])
        expected = base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        offered = [one.partition(",")[2] for one in headers["webhook-signature"].split() if one.startswith("v1,")]
        if not any(hmac.compare_digest(expected, one) for one in offered):
            return False
        if abs((now or time.time()) - int(timestamp)) > TOLERANCE or message in self._seen:
            return False
        self._seen.add(message)
        return True
