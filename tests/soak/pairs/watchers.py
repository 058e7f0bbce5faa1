"""People who look through the library and play what they find there, or have a desktop open, in browsers."""

import random
import re
import struct
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.browser.websocket import WebSocket
from tests.soak.pairs.heard import Log
from tests.soak.pairs.wire import Line

WATCHER, DESKTOP = "watcher", "desktop"
RANGE, RANGES = 64 * 1024, 6
THINKS = (1.0, 3.0)
TRIES = 30
AGAIN_AFTER = (0.75, 1.0)  # static/sessions/screen.js
_LINKS = re.compile(r'href="/recordings/([0-9a-f-]{36})"')
_GOOD = {200, 206, 404, 409, 416}
"""What is not ready yet, or has just been deleted, is no fault."""
_BROKEN = (OSError, AssertionError, struct.error)


@dataclass(frozen=True)
class Person:
    """An account, a token of it, and the sessions that are recorded and looked at in its name."""

    name: str
    token: str
    session: str
    desktop: str


class Browser:
    """That of somebody who signs in by the page."""

    def __init__(self, line: Line, person: Person, password: str) -> None:
        self.line, self.person, self._password = line, person, password
        self._cookies: dict[str, str] = {}

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def sign_in(self) -> None:
        for _ in range(TRIES):
            if self.ask("login page", "GET", "/login")[0] == 200:
                form = {"username": self.person.name, "password": self._password}
                body = urlencode({**form, "csrfmiddlewaretoken": self._cookies["sortie-csrf"]})
                if self.ask("sign in", "POST", "/login", body)[0] == 302:
                    return
            time.sleep(1)
        raise RuntimeError(f"{self.person.name} could not sign in.")

    def ask(self, what: str, method: str, path: str, form: str = "", **headers: str) -> tuple[int, str, bytes]:
        """Status, the part of the whole that came (Content-Range), and body."""
        given = {"Cookie": self.cookie, **headers}
        if form:
            given["Content-Type"] = "application/x-www-form-urlencoded"
        status, said, content = self.line.ask(what, method, path, given, form.encode())
        for line in said.get_all("Set-Cookie") or ():
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return status, said["Content-Range"] or "", content


class Watcher:
    """One of those who play recordings."""

    def __init__(self, browser: Browser, log: Log) -> None:
        self._browser, self._log = browser, log

    def run(self, over: threading.Event) -> None:
        try:
            while not over.is_set():
                self._visit(over)
        except Exception as error:
            self._log.complaints.append(f"{WATCHER}: {type(error).__name__}: {error}")
        self._browser.line.close()

    def _visit(self, over: threading.Event) -> None:
        found = _LINKS.findall(self._get("library", "/?status=ready", over).decode())
        if not found:
            return
        recording = random.choice(found)
        self._get("player", f"/recordings/{recording}", over)
        for number in range(RANGES):
            first = number * RANGE
            part = f"bytes={first}-{first + RANGE - 1}"
            if len(self._get("range", f"/recordings/{recording}/media", over, Range=part)) < RANGE:
                break

    def _get(self, what: str, path: str, over: threading.Event, **headers: str) -> bytes:
        """What is there, looked at again until it comes; empty where there is nothing."""
        while True:
            status, _, content = self._browser.ask(what, "GET", path, **headers)
            over.wait(random.uniform(*THINKS))
            if status in (200, 206):
                return content
            if status in _GOOD or over.is_set():
                return b""
            if 0 < status < 500:
                raise RuntimeError(f"{path} was answered with {status}")


class Looker:
    """One of those who look at the desktop of a session."""

    def __init__(self, browser: Browser, line: Line, url: str, session: str, log: Log) -> None:
        """`line` is for what comes of WebSockets."""
        self._browser, self._line, self._url, self._log = browser, line, url, log
        self._address = f"{url.replace('http:', 'ws:')}/live/sessions/{session}/vnc"

    def run(self, over: threading.Event) -> None:
        try:
            while not over.is_set():
                self._look(over)
                over.wait(random.uniform(*AGAIN_AFTER))
        except Exception as error:
            self._log.complaints.append(f"{DESKTOP}: {type(error).__name__}: {error}")
        self._browser.line.close()

    def _look(self, over: threading.Event) -> None:
        note, began = self._line.note, time.monotonic()
        try:
            screen = WebSocket(self._address, origin=self._url, cookie=self._browser.cookie)
        except _BROKEN:
            note("open", began, 0)
            return
        with closing(screen):
            if screen.status != 101:
                note("open", began, screen.status)
            elif not _opens(screen):
                note("open", began, 0)
            else:
                note("open", began, screen.status)
                self._stay(screen, over)

    def _stay(self, screen: WebSocket, over: threading.Event) -> None:
        """Look for as long as something comes, which should be as long as we please."""
        while not over.is_set():
            began = time.monotonic()
            try:
                ended = screen.receive().code
            except _BROKEN:
                ended = 1006
            if ended:
                self._line.note("screen", began, 0)
                return


def _opens(screen: WebSocket) -> bool:
    """Whether it comes to where pictures begin (RFC 6143, 7.1 to 7.3)."""
    with suppress(*_BROKEN):
        assert screen.receive_exactly(12) == b"RFB 003.008\n"
        screen.send(b"RFB 003.008\n")
        assert screen.receive_exactly(2) == bytes([1, 1])
        screen.send(bytes([1]))
        assert screen.receive_exactly(4) == bytes(4)
        screen.send(bytes([1]))
        return not screen.receive().code
    return False
