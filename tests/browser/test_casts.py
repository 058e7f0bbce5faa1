"""Every kind of file the terminal recorder makes, in asciinema-player, under a policy as strict as the portal's."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from recordings.capture.plain_text import PlainText
from tests.capture import casts, gallery
from tests.capture.user import ROOT

pytestmark = pytest.mark.only("single")

PLAYER = ROOT / "static" / "vendor" / "asciinema-player"
PAGE = """<!doctype html><meta charset=utf-8><link rel=stylesheet href=asciinema-player.css>
<div id=player></div><script src=asciinema-player.min.js></script><script src=start.js></script>"""
START = """
const seen = { errors: [] };
const options = { preload: true, logger: console };
const player = AsciinemaPlayer.create(location.search.slice(1), document.getElementById("player"), options);
player.addEventListener("error", (event) => seen.errors.push(String(event && event.message)));
player.addEventListener("metadata", (event) => { seen.duration = event.duration; });
player.addEventListener("ended", () => { seen.ended = true; });
window.seen = seen; window.player = player;
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return gallery.make(tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="module")
def site(recordings: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a page with the player, by the rules the portal's pages have; `?KIND.cast` says what to play."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("asciinema-player.min.js", "asciinema-player.css"):
        (folder / name).symlink_to(PLAYER / name)
    (folder / "index.html").write_text(PAGE)
    (folder / "start.js").write_text(START)
    for kind, path in recordings.items():
        (folder / f"{kind}.cast").symlink_to(path)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Strict, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


class Strict(http.server.SimpleHTTPRequestHandler):
    """Serves files with a strict policy, and says nothing."""

    def end_headers(self) -> None:
        policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'"
        self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name http.server has
        """Say nothing."""


def test_the_player_in_a_browser_plays_them(
    launch: Callable[..., Browser], site: str, recordings: dict[str, Path]
) -> None:
    page = launch().new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for kind, path in recordings.items():
        page.goto(f"{site}?{kind}.cast")
        page.wait_for_function("() => window.seen.duration !== undefined || window.seen.errors.length")
        assert page.evaluate("window.seen.errors") == []
        assert page.evaluate("window.seen.duration") == pytest.approx(casts.read(path)[1][-1][0], abs=0.01)
        page.evaluate("window.player.seek('100%')")
        page.wait_for_function("() => document.querySelector('.ap-term-text').textContent.trim().length > 0")
        assert last_line(path) in page.evaluate("document.querySelector('.ap-term-text').textContent")
    page.close()
    assert complaints == []


def last_line(path: Path) -> str:
    """The last line of text in a recording."""
    text = PlainText()
    lines = [line for _, code, shown in casts.read(path)[1] if code == "o" for line in text.take(shown)]
    return [line for line in [*lines, *text.end()] if line][-1]
