"""A large terminal recording in its page: played by segments, and the same at every moment as the whole."""

import gzip
import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, until
from tests.browser.portal import Portal
from tests.browser.test_terminals import near, player_of, shown
from tests.browser.test_transcripts import when_read
from tests.terminal.build import cast

# What a page shows does not depend on what keeps it.
pytestmark = pytest.mark.only("single")

COUNT, EVERY = 12_000, 0.1
EVENTS = [[n * EVERY, "o", f"line {n:05} {'.' * 60}\r\n\x1b]0;{'t' * 900}\x07"] for n in range(COUNT)]


@pytest.fixture(scope="module")
def large(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a recording of lara's, of twelve megabytes and twenty minutes."""
    portal.stock("person", "lara")
    path = tmp_path_factory.mktemp("large") / "large.cast"
    path.write_bytes(gzip.compress(cast(*EVENTS)))
    pk = portal.stock("terminal", "lara", json.dumps({"title": "Large"}), str(path))
    return f"/recordings/{pk}"


def opened(open_page: OpenPage, address: str, *, expected: str = "") -> tuple[Page, list[str]]:
    """The page, and the addresses of the recording's bytes that it asks for."""
    when_read(open_page(address.partition("?")[0], as_user="lara"))
    page = open_page("/", as_user="lara", expected=expected)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/recordings/" in request.url else None)
    page.goto(address)
    return page, asked


def last_line(page: Page) -> int:
    found = re.findall(r"^line (\d+)", shown(page), re.MULTILINE)
    return int(found[-1]) if found else -1


def parts(asked: list[str]) -> list[int]:
    return [int(number) for address in asked for number in re.findall(r"/segments/(\d+)", address)]


def starts_of(page: Page, address: str) -> list[float]:
    """When its segments begin, in seconds."""
    found = page.evaluate(f"fetch('{address}/segments').then((answer) => answer.json())")
    return [float(start) for start in found["starts"]]


def test_it_starts_with_its_first_segment_and_loads_no_more_than_the_next(open_page: OpenPage, large: str) -> None:
    page, asked = opened(open_page, large)
    player_of(page)
    page.wait_for_timeout(500)
    assert parts(asked) == [0, 1]
    assert not [address for address in asked if address.endswith("/media")]


@pytest.mark.parametrize("second", [0, 61, 599.95, 1199])
def test_every_moment_is_what_it_was_and_all_that_is_loaded_is_its_segment_and_the_next(
    open_page: OpenPage, large: str, second: float
) -> None:
    page, asked = opened(open_page, f"{large}?t={second}s")
    near(player_of(page), second)
    assert last_line(page) == int(second / EVERY + 1e-6)
    page.wait_for_timeout(500)
    number = sum(start <= second for start in starts_of(page, large)) - 1
    assert parts(asked) == [number, number + 1][: len(starts_of(page, large)) - number]
    assert not [address for address in asked if address.endswith("/media")]


def test_it_is_played_and_stepped_through_from_one_segment_to_the_next(open_page: OpenPage, large: str) -> None:
    page, _ = opened(open_page, large)
    player = player_of(page)
    edge = starts_of(page, large)[3]
    player.evaluate("(player, at) => { player.currentTime = at }", edge - 0.05)
    near(player, edge - 0.05)
    before = last_line(page)
    page.keyboard.press(".")
    until(player, f"player => !player.seeking && Math.abs(player.currentTime - {edge}) < 1e-3")
    assert last_line(page) == before + 1
    page.keyboard.press(",")
    until(player, f"player => !player.seeking && Math.abs(player.currentTime - {edge - EVERY}) < 1e-3")
    assert last_line(page) == before
    player.evaluate("player => { player.play() }")
    until(player, f"player => player.currentTime > {edge} + 1")
    player.evaluate("player => { player.pause() }")
    at = player.evaluate("player => player.currentTime")
    assert abs(last_line(page) - at / EVERY) <= 2


def test_segments_that_are_made_anew_are_asked_for_again(portal: Portal, open_page: OpenPage, large: str) -> None:
    page, _ = opened(open_page, large, expected="status of 404")
    player = player_of(page)
    page.route("**/segments/*", lambda route: route.fulfill(status=404))
    player.evaluate("player => { player.currentTime = 900 }")
    expect(page.get_by_role("alert")).to_be_visible()
    page.unroute("**/segments/*")
    page.get_by_role("button", name="Try again").click()
    near(player_of(page), 900)
    assert last_line(page) == 9000
    expect(page.get_by_role("alert")).to_be_hidden()


# What is fetched of the whole stops after two megabytes, until it may go on.
HELD = """
const real = fetch;
const further = new Promise((resolve) => { window.goOn = resolve; });
window.fetch = async (address, options) => {
  const response = await real(address, options);
  if (!String(address).endsWith("/media")) return response;
  let passed = 0;
  const held = new TransformStream({
    async transform(bytes, controller) {
      if (passed > 2e6) await further;
      passed += bytes.length;
      controller.enqueue(bytes);
    },
  });
  return new Response(response.body.pipeThrough(held));
};
"""


def test_before_its_segments_are_made_it_is_played_while_it_arrives(open_page: OpenPage, large: str) -> None:
    def without(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(f' segments="{large}/segments"', ""))

    page = open_page("/", as_user="lara", before=HELD)
    page.route(f"**{large}", without)
    page.goto(large)
    player = player_of(page)
    assert last_line(page) > 500
    page.keyboard.press("0")
    near(player, 0)
    assert last_line(page) == 0
    page.keyboard.press("k")
    until(player, "player => player.currentTime > 1")
    page.keyboard.press("k")
    player.evaluate("player => { player.currentTime = 900 }")
    page.wait_for_timeout(500)
    assert player.evaluate("player => player.seeking")
    page.evaluate("goOn()")
    near(player, 900)
    assert last_line(page) == 9000
    player.evaluate("player => { player.currentTime = player.duration }")
    near(player, (COUNT - 1) * EVERY)
    assert last_line(page) == COUNT - 1
