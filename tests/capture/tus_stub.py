"""A portal of a few lines that takes anything, or fails as it is told to, as the real one does not on demand.

It keeps what it was sent in memory, speaks tus as far as the recorder does, and forgets nothing.
"""

import base64
import hashlib
import http.server
import json
import ssl
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

TOKEN = "token-of-alice"


@dataclass
class Upload:
    """One upload: what was said of it, and its bytes so far."""

    recording: str
    length: int
    metadata: dict[str, str]
    content: bytearray = field(default_factory=bytearray)

    @property
    def sidecar(self) -> Any:
        return json.loads(self.metadata["sidecar"])


@dataclass
class Fault:
    """How the next request of `method` fails: with a status, or, without one, by hanging up.

    `done`: it is carried out all the same, and only its answer is another.
    """

    method: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    done: bool = False


class TusStub:
    """Listens on a free port of 127.0.0.1; `uploads` by id, `requests` as method and path, in order."""

    def __init__(self, *, kinds: str | None = "video,terminal", context: ssl.SSLContext | None = None) -> None:
        self.uploads: dict[str, Upload] = {}
        self.requests: list[str] = []
        self.faults: deque[Fault] = deque()
        self.kinds = kinds
        self.largest_body: int | None = None
        self.recordings: dict[str, dict[str, Any]] = {}
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (Handler,), {"stub": self})
        )
        self._scheme = "http"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def contents(self) -> list[bytes]:
        """What has arrived, as a whole."""
        return [bytes(one.content) for one in self.uploads.values() if len(one.content) == one.length]

    def only(self) -> Upload:
        [upload] = self.uploads.values()
        return upload

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection's requests for `stub`."""

    stub: TusStub
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def serve(self) -> None:
        self.stub.requests.append(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length", 0))
        if self.stub.largest_body is not None and length > self.stub.largest_body:
            # As proxies do: without reading what they will not pass on.
            self.close_connection = True
            return self.answer(413, {}, b"<html>413 Request Entity Too Large</html>", tus=False)
        body = self.rfile.read(length)
        fault = self.stub.faults[0] if self.stub.faults and self.stub.faults[0].method == self.command else None
        if fault is not None:
            self.stub.faults.popleft()
        done = self.do(body) if fault is None or fault.done else (0, {}, b"")
        if fault is None:
            return self.answer(*done)
        if not fault.status:
            self.close_connection = True
            return None
        return self.answer(fault.status, fault.headers, fault.body, tus="Tus-Resumable" in fault.headers)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815 - names http.server calls

    def do(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.command == "OPTIONS":
            return 204, {} if self.stub.kinds is None else {"Sortie-Kinds": self.stub.kinds}, b""
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return 401, {}, b""
        name = self.path.rpartition("/")[2]
        if self.command == "GET":
            known = self.stub.recordings.get(name)
            return (200, {}, json.dumps(known).encode()) if known else (404, {}, b"")
        if self.command == "POST":
            return self.create()
        upload = self.stub.uploads.get(name)
        if upload is None:
            return 404, {}, b""
        return self.use(name, upload, body)

    def create(self) -> tuple[int, dict[str, str], bytes]:
        pairs = (pair.split(" ") for pair in self.headers["Upload-Metadata"].split(","))
        said = {key: base64.b64decode(value).decode() for key, value in pairs}
        name = str(uuid.uuid4())
        upload = Upload(str(uuid.uuid4()), int(self.headers["Upload-Length"]), said)
        self.stub.uploads[name] = upload
        # As behind a proxy that does not say what the portal is called outside.
        location = f"http://internal.invalid:8000/api/uploads/{name}"
        return 201, {"Location": location, "Sortie-Recording": upload.recording}, b""

    def use(self, name: str, upload: Upload, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.command == "DELETE":
            del self.stub.uploads[name]
            return 204, {}, b""
        if self.command == "PATCH":
            if int(self.headers["Upload-Offset"]) != len(upload.content):
                return 409, {"Upload-Offset": str(len(upload.content))}, b""
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            if self.headers["Upload-Checksum"] != f"sha256 {digest}":
                return 460, {}, b""  # cut off, as its sender was killed
            if self.headers["Content-Type"] != "application/offset+octet-stream":
                return 415, {}, b""
            upload.content += body
        headers = {"Upload-Offset": str(len(upload.content)), "Sortie-Recording": upload.recording}
        return (204 if self.command == "PATCH" else 200), headers, b""

    def answer(self, status: int, headers: dict[str, str], body: bytes, *, tus: bool = True) -> None:
        self.send_response(status)
        every = {"Tus-Resumable": "1.0.0", **headers} if tus else headers
        if status != 204:
            every = {"Content-Length": str(len(body)), **every}
        for key, value in every.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""
