"""Segments of a recording in asciinema-player: the same screens at the same times as the whole of it."""

import functools
import gzip
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from recordings import sandbox
from recordings.media.asciicast import Cast, CastScan, Event, Header, PlayedTimes, scan, version_2
from recordings.media.terminal import made
from recordings.media.terminal.segments import player_index, retimed
from recordings.media.terminal.transcript import screen_at
from tests.browser.test_casts import PAGE, PLAYER, Strict

pytestmark = pytest.mark.only("single")

SECOND = 1_000_000
LIMIT = 2 * SECOND
START = """
const [source, options] = JSON.parse(decodeURIComponent(location.search.slice(1)));
const seen = { errors: [], markers: [] };
const player = AsciinemaPlayer.create(source, document.getElementById("player"), { preload: true, ...options });
player.addEventListener("error", (event) => seen.errors.push(String(event && event.message)));
player.addEventListener("metadata", (event) => Object.assign(seen, event));
window.seen = seen; window.player = player;
"""


def events() -> Iterator[Event]:
    """Three megabytes of output, with pages, sizes, marks, typed input and quiet minutes."""
    now = 0
    for n in range(3000):
        now += 90 * SECOND if n % 500 == 499 else 110_001
        if n % 100 == 0:
            yield now, "r", "100x30" if n % 200 else "80x24"
            yield now, "o", f"\x1b[2J\x1b[Hpage {n // 100}\r\n"
        if n % 700 == 0:
            yield now, "m", f"mark {n // 700}"
        if n % 50 == 0:
            yield now, "i", "x"
        yield now, "o", f"\x1b[3{n % 8}mline {n} {'漢字' * (n % 7)} \x1b[0m{'x' * 900}\x1b[2K\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with the player, the recording whole, and its segments with and without what is idle."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("asciinema-player.min.js", "asciinema-player.css"):
        (folder / name).symlink_to(PLAYER / name)
    (folder / "index.html").write_text(PAGE)
    (folder / "start.js").write_text(START)
    found = whole(folder)
    with (folder / "whole.cast").open("rb") as source:
        arguments = ("terminal", (folder / "whole.cast").stat().st_size, 1)
        with sandbox.made_by(*arguments, source=source, seconds=120) as output:
            parts = [part for part in made.read(output) if isinstance(part, made.SegmentMade)]
            output.seek(0)
            data = output.read()
    assert len(parts) >= 3
    for name, times in (("all", found.idle.limited(None)), ("busy", found.idle.limited(LIMIT))):
        (folder / name).mkdir()
        starts = [part.start for part in parts]
        duration = events_of(folder)[-1][0]
        index = player_index(found.header, starts, duration, found.markers, times=times, name="{}.json")
        (folder / name / "index.json").write_bytes(index)
        for number, part in enumerate(parts):
            text = gzip.decompress(data[part.at : part.at + part.size])
            (folder / name / f"{number}.json").write_bytes(retimed(text, times))
    return folder


def whole(folder: Path) -> CastScan:
    path = folder / "whole.cast"
    path.write_bytes(b"".join(version_2(Header(2, 80, 24), events())))
    with path.open("rb") as file:
        return scan(file)


def events_of(folder: Path) -> list[Event]:
    with (folder / "whole.cast").open("rb") as file:
        return [event for event in Cast(file).events() if event[1] != "i"]


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Strict, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


def opened(page: Page, site: str, source: object, **options: object) -> float:
    """Have the player load it; its duration in seconds."""
    page.goto(f"{site}?{quote(json.dumps([source, options]))}")
    page.wait_for_function("() => window.seen.duration !== undefined || window.seen.errors.length")
    assert page.evaluate("window.seen.errors") == []
    return float(page.evaluate("window.seen.duration"))


def check_screen(page: Page, seconds: float, expected: str) -> None:
    """Seek, and see that the player comes to show this; blanks do not count."""
    page.evaluate(f"window.player.seek({seconds})")
    deadline = time.monotonic() + 20
    shown = None
    while shown != expected:
        assert time.monotonic() < deadline, (seconds, shown, expected)
        text: str = page.evaluate("document.querySelector('.ap-term-text').textContent")
        shown = "".join(text.split())


def screen_text(recorded: list[Event], moment: int) -> str:
    """What stood on the screen, by our own reckoning."""
    return "".join("".join(screen_at(80, 24, recorded, moment).lines()).split())


@pytest.mark.parametrize(("name", "idle"), [("all", None), ("busy", LIMIT)])
def test_seeking_in_segments_shows_what_stood_there(
    launch: Callable[..., Browser], folder: Path, site: str, name: str, idle: int | None
) -> None:
    recorded = events_of(folder)
    times: PlayedTimes = whole(folder).idle.limited(idle)
    page = launch().new_page()
    duration = opened(page, site, {"format": "segmented", "url": f"{name}/index.json"})
    assert duration == pytest.approx(times.played(recorded[-1][0]) / SECOND, abs=1e-3)
    assert [label for _, label in page.evaluate("window.seen.markers")] == [f"mark {n}" for n in range(5)]
    for share in (0.9, 0.05, 0.5, 0.51, 0.33, 1.0, 0.0):
        moment = recorded[int(share * (len(recorded) - 1))][0]
        check_screen(page, times.played(moment) / SECOND + 0.0005, screen_text(recorded, moment))
    page.close()


def test_skipping_what_is_idle_makes_the_times_that_are_reckoned_here(
    launch: Callable[..., Browser], folder: Path, site: str
) -> None:
    """The player itself is the judge: it plays the whole recording with a limit."""
    recorded = events_of(folder)
    times = whole(folder).idle.limited(LIMIT)
    page = launch().new_page()
    duration = opened(page, site, "whole.cast", idleTimeLimit=LIMIT / SECOND)
    with (folder / "whole.cast").open("rb") as file:
        last = list(Cast(file).events())[-1][0]
    assert duration == pytest.approx(times.played(last) / SECOND, abs=1e-3)
    for share in (0.2, 0.6, 0.95):
        moment = recorded[int(share * (len(recorded) - 1))][0]
        check_screen(page, times.played(moment) / SECOND + 0.0005, screen_text(recorded, moment))
    page.close()
