"""The bridge between browsers and desktops: whom it lets through, and how much it holds."""

import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.desktop import Desktop
from tests.browser.portal import Portal
from tests.browser.websocket import WebSocket

MB = 1024 * 1024


@pytest.fixture
def cookie(open_page: OpenPage, impatient: Portal) -> str:
    return cookie_of(open_page, impatient, "alice")


def cookie_of(open_page: OpenPage, portal: Portal, name: str) -> str:
    page = open_page("/deleted", at=portal, as_user=name)
    return "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())


def address(portal: Portal, session: str) -> str:
    return f"ws://127.0.0.1:{portal.live_port}/live/sessions/{session}/vnc"


@pytest.fixture
def session(impatient: Portal, desktop: Desktop) -> str:
    return str(impatient.stock("desktop", "alice", "Bridged", desktop.target, desktop.password))


def test_the_owner_is_let_through_without_the_password(impatient: Portal, session: str, cookie: str) -> None:
    opened = WebSocket(address(impatient, session), origin=impatient.url, cookie=cookie)
    assert opened.status == 101
    assert opened.receive_exactly(12) == b"RFB 003.008\n"
    opened.send(b"RFB 003.008\n")
    # One way of signing in, which is none: the bridge has signed in for us.
    assert opened.receive_exactly(2) == bytes([1, 1])
    opened.send(bytes([1]))
    assert opened.receive_exactly(4) == bytes(4)
    opened.send(bytes([1]))
    assert opened.receive().data[:4] == (1024).to_bytes(2, "big") + (768).to_bytes(2, "big")
    opened.close()


def test_an_admin_is_let_through(open_page: OpenPage, impatient: Portal, session: str) -> None:
    opened = WebSocket(
        address(impatient, session), origin=impatient.url, cookie=cookie_of(open_page, impatient, "ada")
    )
    assert opened.receive_exactly(12) == b"RFB 003.008\n"
    opened.close()


def test_nobody_else_is_let_through(open_page: OpenPage, impatient: Portal, session: str) -> None:
    for name, code in (("bob", 4404), ("", 4401)):
        cookie = cookie_of(open_page, impatient, name) if name else ""
        refused = WebSocket(address(impatient, session), origin=impatient.url, cookie=cookie)
        message = refused.receive()
        assert message.code == code
        assert message.data
        refused.close()


def test_other_pages_are_not_let_through(impatient: Portal, session: str, cookie: str) -> None:
    port = re.sub(r".*:", "", impatient.url)
    for origin in (
        "https://evil.example",
        "",
        "null",
        f"http://127.0.0.1.evil.example:{port}",
        "http://127.0.0.1:1",
    ):
        refused = WebSocket(address(impatient, session), origin=origin, cookie=cookie)
        assert refused.status == 403, origin
        refused.close()


def test_a_session_that_is_over_is_closed_to_its_owner(
    open_page: OpenPage, impatient: Portal, session: str, cookie: str
) -> None:
    page = open_page("/deleted", at=impatient)
    token = next(one["value"] for one in page.context.cookies() if "csrf" in one["name"])
    stopped = page.request.post(f"/api/sessions/{session}/stop", headers={"X-CSRFToken": token})
    assert stopped.status == 200
    closed = WebSocket(address(impatient, session), origin=impatient.url, cookie=cookie).receive()
    assert closed.code == 4409
    assert closed.data.decode() == "The session is over."


class Flood:
    """A desktop that says hello, and then sends as much as it can."""

    def __init__(self, path: Path) -> None:
        self.sent = 0
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        client, _ = self._server.accept()
        client.sendall(b"RFB 003.008\n")
        client.recv(12)
        client.sendall(bytes([1, 1]))
        client.recv(1)
        client.sendall(bytes(4))
        block = bytes(65_536)
        try:
            while self.sent < 512 * MB:
                self.sent += client.send(block)
        except OSError:
            return  # whoever watched has gone

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def flood(tmp_path: Path) -> Iterator[Flood]:
    started = Flood(tmp_path / "s")
    yield started
    started.close()


def test_a_slow_browser_slows_the_desktop_and_fills_no_memory(
    impatient: Portal, flood: Flood, tmp_path: Path, cookie: str
) -> None:
    pk = impatient.stock("desktop", "alice", "Flood", str(tmp_path / "s"))
    before = memory(impatient)
    slow = WebSocket(address(impatient, pk), origin=impatient.url, cookie=cookie)
    slow.receive_exactly(12)
    slow.send(b"RFB 003.008\n")
    slow.receive_exactly(2)
    slow.send(bytes([1]))
    slow.receive_exactly(4)
    # Nothing is read from here on.
    deadline = time.monotonic() + 10
    last = -1
    while flood.sent != last:
        assert time.monotonic() < deadline, f"It took {flood.sent / MB:.0f} MB and goes on."
        last = flood.sent
        time.sleep(1)
    assert 0 < flood.sent < 32 * MB
    assert memory(impatient) - before < 48 * MB
    # And it goes on as soon as somebody reads.
    for _ in range(200):
        slow.receive()
    assert flood.sent > last
    slow.close()


def memory(portal: Portal) -> int:
    """Resident bytes of the processes that keep WebSockets."""
    port = portal.live_port
    listening = subprocess.run(["ss", "-ltnpH", f"sport = :{port}"], capture_output=True, text=True, check=True)
    pids = set(re.findall(r"pid=(\d+)", listening.stdout))
    assert pids
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in pids)
