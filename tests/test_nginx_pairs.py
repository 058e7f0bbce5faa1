"""nginx, as charts/compose/nginx.conf has it, with two servers behind it of which one goes away."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

import httpx
import pytest

from tests.composed import Nginx, nginx_program
from tests.services import free_ports

pytestmark = [
    pytest.mark.only("single"),
    pytest.mark.skipif(nginx_program() is None, reason="nginx is not installed"),
]

BACK_AFTER = 3.5
"""Seconds: fail_timeout, counted in whole ones, and a little."""


class Behind:
    """A server behind nginx: it may die of each request, or not be there at all."""

    def __init__(self) -> None:
        [self.port] = free_ports(1)
        self.dies = False
        self.takes = 0.0
        self.seen: list[tuple[str, bytes]] = []
        self._server: ThreadingHTTPServer | None = None
        self._open: list[socket.socket] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        behind = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                behind._open.append(self.connection)

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                behind.seen.append((self.command, body))
                if behind.dies:
                    self.close_connection = True
                    return
                time.sleep(behind.takes)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = do_PATCH = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        while self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@pytest.fixture
def first() -> Iterator[Behind]:
    with Behind() as server:
        yield server


@pytest.fixture
def second() -> Iterator[Behind]:
    with Behind() as server:
        yield server


@pytest.fixture(params=["web", "live"])
def path(request: pytest.FixtureRequest) -> str:
    return {"web": "/", "live": "/live/"}[request.param]


@pytest.fixture
def client(first: Behind, second: Behind) -> Iterator[httpx.Client]:
    with in_front_of(first.address, second.address) as client:
        yield client


@contextmanager
def in_front_of(*addresses: str) -> Iterator[httpx.Client]:
    hosts = {"web:8000": addresses, "live:8001": addresses, "s3:8333": addresses}
    with Nginx(hosts) as nginx, httpx.Client(base_url=nginx.url, timeout=30) as client:
        yield client


def statuses(client: httpx.Client, path: str, count: int = 8) -> set[int]:
    return {client.get(path).status_code for _ in range(count)}


def test_both_are_asked(client: httpx.Client, first: Behind, second: Behind, path: str) -> None:
    assert statuses(client, path) == {200}
    assert first.seen
    assert second.seen


def test_what_only_asks_is_asked_of_the_other(client: httpx.Client, first: Behind, path: str) -> None:
    first.dies = True
    assert statuses(client, path) == {200}
    assert first.seen


def test_nobody_notices_that_one_is_not_there(client: httpx.Client, first: Behind) -> None:
    first.stop()
    answers = [client.request(method, "/api/sessions") for method in ("GET", "POST", "PATCH") * 4]
    assert {answer.status_code for answer in answers} == {200}


def test_the_pieces_of_an_upload_stay_together(client: httpx.Client, first: Behind, second: Behind) -> None:
    for number in range(16):
        seen = len(first.seen)
        for _ in range(4):
            assert client.patch(f"/api/uploads/{number}", content=b"piece").status_code == 200
        assert len(first.seen) - seen in (0, 4)
    assert first.seen
    assert second.seen
    second.stop()
    for number in range(16):
        assert client.patch(f"/api/uploads/{number}", content=b"piece").status_code == 200


def test_a_piece_is_sent_to_the_other_and_nothing_else_is(
    client: httpx.Client, first: Behind, second: Behind
) -> None:
    first.dies = second.dies = True
    piece = b"piece" * 1000
    assert client.patch("/api/uploads/1", content=piece).status_code == 502
    assert [*first.seen, *second.seen] == [("PATCH", piece)] * 2
    assert client.post("/api/uploads", content=piece).status_code == 502
    assert len([*first.seen, *second.seen]) == 3


def test_one_that_is_back_is_there_when_the_other_goes(
    client: httpx.Client, first: Behind, second: Behind, path: str
) -> None:
    first.stop()
    assert statuses(client, path) == {200}
    first.start()
    time.sleep(BACK_AFTER)
    second.stop()
    assert statuses(client, path) == {200}


def test_one_that_is_back_takes_all_desktops_at_once(client: httpx.Client, first: Behind, second: Behind) -> None:
    first.stop()
    assert statuses(client, "/live/") == {200}
    first.start()
    first.takes = 2.0
    time.sleep(BACK_AFTER)
    second.stop()
    with ThreadPoolExecutor(8) as pool:
        assert {one.status_code for one in pool.map(client.get, ["/live/"] * 8)} == {200}


def test_a_mishap_of_the_last_one_is_no_reason_to_ask_nobody(
    client: httpx.Client, first: Behind, second: Behind
) -> None:
    first.stop()
    assert statuses(client, "/") == {200}
    second.dies = True
    assert client.post("/api/sessions").status_code == 502
    second.dies = False
    assert statuses(client, "/") == {200}


def test_a_machine_that_is_gone_is_not_waited_for(second: Behind) -> None:
    with ExitStack() as stack:
        # Nobody accepts, and there is room for one who waits for it: what comes then is not even refused.
        gone = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=0)))
        address = f"127.0.0.1:{gone.getsockname()[1]}"
        for _ in range(3):
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(gone.getsockname())
        client = stack.enter_context(in_front_of(address, second.address))
        began = time.monotonic()
        assert statuses(client, "/", 2) == {200}
        assert 2 < time.monotonic() - began < 10
