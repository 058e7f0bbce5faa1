"""What the page of a recording does whichever kind it plays."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, until
from tests.browser.portal import Portal

# What a page shows does not depend on what keeps it.
pytestmark = pytest.mark.only("single")

SHIFT = """new Promise((resolve) => new PerformanceObserver((list) =>
  resolve(list.getEntries().reduce((sum, entry) => sum + entry.value, 0))
).observe({ type: "layout-shift", buffered: true }) || setTimeout(() => resolve(0), 300))"""


@pytest.fixture(params=["video", "terminal"])
def address(request: pytest.FixtureRequest, portal: Portal) -> str:
    """Of a recording of frank's, ten seconds and more."""
    if request.param == "video":
        return str(request.getfixturevalue("take"))
    return f"/recordings/{portal.stock('terminal', 'frank', title='Rollout')}"


def loaded(page: Page) -> Locator:
    player = page.locator("cast-player, video").first
    until(player, "player => player.readyState >= 2")
    return player


@pytest.mark.parametrize("kind", ["video", "terminal"])
def test_lost_bytes_are_told(portal: Portal, open_page: OpenPage, kind: str) -> None:
    if kind == "video":
        pk = portal.stock("one", "frank", title="Lost", seconds=5)
    else:
        pk = portal.stock("terminal", "frank", title="Lost")
        portal.stock("change", pk, storage_key=f"{pk}/0123456789abcdef.cast.gz")
    page = open_page(f"/recordings/{pk}", as_user="frank", expected="status of 410")
    expect(page.get_by_role("alert")).to_contain_text("The store has lost this recording")


def test_a_broken_connection_can_be_tried_again(open_page: OpenPage, address: str) -> None:
    page = open_page("/", as_user="frank", expected="ERR_")
    page.route("**/media", lambda route: route.abort())
    page.goto(f"{address}?t=5s")
    expect(page.get_by_role("alert")).to_contain_text("Sortie cannot be reached")
    page.unroute("**/media")
    page.get_by_role("button", name="Try again").click()
    until(loaded(page), "player => !player.seeking && Math.abs(player.currentTime - 5) < 0.3")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_nothing_moves_when_the_player_comes(open_page: OpenPage, address: str) -> None:
    page = open_page("/", as_user="frank")
    page.goto(address)
    loaded(page)
    page.wait_for_timeout(300)
    assert page.evaluate(SHIFT) < 0.01
