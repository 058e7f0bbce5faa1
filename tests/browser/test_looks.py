"""What every page must be: free of faults that axe finds, light enough, and no wider than the screen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import portal as portals
from tests.browser.conftest import OpenPage
from tests.browser.portal import Portal
from tests.browser.views import VIEWS, in_every_way

AXE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text()


@pytest.fixture(scope="module")
def of_alice(portal: Portal) -> dict[str, str]:
    """Addresses of alice's recordings by title."""
    return {title: f"/recordings/{pk}" for title, pk in portal.stock("titles", "alice").items()}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view(open_page: OpenPage, of_alice: dict[str, str], pictures: Path, name: str) -> None:
    view = VIEWS[name]
    page = open_page(of_alice.get(view.place, view.place), as_user=view.who, expected=view.expected)
    page.wait_for_load_state("networkidle")
    if view.act:
        view.act(page)
    look_in_every_way(page, pictures, name)


def look_in_every_way(page: Page, pictures: Path, name: str) -> None:
    for way in in_every_way(page):
        look_at(page, pictures / f"{name}-{way}.png")


def look_at(page: Page, picture: Path) -> None:
    """Take a picture, and fail if axe finds a fault or the page is wider than its window."""
    page.screenshot(path=picture)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    # By the debugger's way in: the page's policy lets no foreign script in, and so it stays.
    page.evaluate(f"() => {{ {AXE} }}")
    found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    faults = [
        f"{fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
    assert not faults, "\n".join(faults)


def test_a_recording_that_plays(open_page: OpenPage, pictures: Path, take: str) -> None:
    page = open_page(f"{take}?t=4s", as_user="frank")
    page.wait_for_load_state("networkidle")
    for tab in ("Details", "Activity", "Notes"):
        page.get_by_role("tab", name=tab).click()
        look_in_every_way(page, pictures, f"player-{tab.lower()}")
    page.get_by_role("tab", name="Details").click()
    page.locator("h1").click()
    page.keyboard.press("?")
    look_in_every_way(page, pictures, "player-keys")


def test_a_cold_library_is_light_and_comes_in_one_round(open_page: OpenPage) -> None:
    page = open_page("/login", as_user="dave")
    came: list[tuple[str, int, str]] = []

    def note(response: Any) -> None:
        sizes = response.request.sizes()
        came.append(
            (response.url, sizes["responseBodySize"] + sizes["responseHeadersSize"], response.request.resource_type)
        )

    page.context.clear_cookies(name="none")
    page.on("requestfinished", lambda request: note(request.response()))
    page.goto("/", wait_until="networkidle")
    weight = sum(size for _, size, _ in came)
    assert weight < 100_000, sorted(came, key=lambda one: -one[1])[:5]
    started = page.evaluate(
        """performance.getEntriesByType("resource").filter((one) => /\\.(js|css)$/.test(one.name))
        .map((one) => [one.name, one.initiatorType])"""
    )
    named = page.evaluate(
        """[...document.querySelectorAll("link[href], script[src]")].map((one) => one.href || one.src)"""
    )
    assert not [name for name, _ in started if name not in named]


def test_a_page_does_not_move_while_it_comes(open_page: OpenPage) -> None:
    page = open_page("/", as_user="alice")
    page.wait_for_timeout(500)
    shift = page.evaluate(
        """new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
            .observe({ type: "layout-shift", buffered: true });
          setTimeout(() => resolve(sum), 300);
        })"""
    )
    assert shift < 0.01


@pytest.fixture(scope="module")
def without_video() -> Iterator[Portal]:
    with portals.running(SORTIE_VIDEO_RECORDING_ENABLED="false") as started:
        yield started


@pytest.fixture(scope="module")
def without_anything() -> Iterator[Portal]:
    off = {"SORTIE_VIDEO_RECORDING_ENABLED": "false", "SORTIE_TERMINAL_RECORDING_ENABLED": "false"}
    with portals.running(**off) as started:
        yield started


def test_screens_switched_off(open_page: OpenPage, without_video: Portal, pictures: Path) -> None:
    page = open_page("/", at=without_video)
    expect(page.get_by_role("heading", level=1)).to_have_text("My Recordings")
    expect(page.get_by_role("link", name="Record", exact=True)).to_have_count(0)
    page = open_page("/record", at=without_video, expected="status of 404")
    expect(page.get_by_text("SORTIE_VIDEO_RECORDING_ENABLED=true")).to_be_visible()
    look_at(page, pictures / "off-record.png")


def test_everything_switched_off(open_page: OpenPage, without_anything: Portal, pictures: Path) -> None:
    page = open_page("/", at=without_anything)
    expect(page.get_by_role("heading", name="Recording is switched off")).to_be_visible()
    expect(page.get_by_role("link", name="Record", exact=True)).to_have_count(0)
    look_at(page, pictures / "off-all.png")
    pk = without_anything.stock("one", "alice", title="Kept", seconds=5)
    page.goto(f"/recordings/{pk}")
    expect(page.get_by_role("heading", name="Recording is switched off")).to_be_visible()
