"""What terminals showed: found in the library, opened at the second it was shown, and read beside the player."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, until
from tests.browser.portal import Portal
from tests.browser.test_terminals import near, player_of, shown
from tests.terminal.build import cast

# What a page shows does not depend on what keeps it.
pytestmark = pytest.mark.only("single")

LONG = [[float(n), "o", f"line {n:05} {'.' * 60}\r\n"] for n in range(3000)]


@pytest.fixture(scope="module")
def rollout(portal: Portal) -> str:
    """The address of a recording of tess's."""
    portal.stock("person", "tess")
    return f"/recordings/{portal.stock('terminal', 'tess', json.dumps({'title': 'Rollout', 'tags': ['pods']}))}"


def line(page: Page, text: str | re.Pattern[str]) -> Locator:
    return page.get_by_label("What the terminal showed").get_by_role("listitem").filter(has_text=text)


def when_read(page: Page) -> None:
    """The portal reads a recording after it is ready; the page shows it then by itself."""
    expect(page.locator("[data-transcript-lines] li").first).to_be_attached(timeout=60_000)


def test_a_hit_opens_at_the_second_it_was_shown(open_page: OpenPage, rollout: str) -> None:
    when_read(open_page(rollout, as_user="tess"))
    page = open_page("/", as_user="tess")
    page.keyboard.press("/")
    page.keyboard.type("kubectl delete")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=kubectl"))
    hits = page.get_by_role("list", name="Found in Rollout").get_by_role("link")
    expect(hits).to_have_count(1)
    expect(hits.locator("mark")).to_have_text(["kubectl", "delete"])
    page.keyboard.press("ArrowDown")
    expect(hits).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"{rollout}\?t="))
    second = float(re.findall(r"[?&]t=([0-9.]+)s", page.url)[0])
    near(player_of(page), second)
    assert re.search(r"kubectl delete pod web-7d4b9c-x2x9q --grace-period=0$", shown(page), re.MULTILINE)
    current = page.locator("[data-transcript-lines] [aria-current]")
    expect(current).to_contain_text("kubectl delete pod")


def test_titles_and_tags_are_found_too(open_page: OpenPage, rollout: str) -> None:
    page = open_page("/?q=pods+rollout&kind=terminal", as_user="tess")
    expect(page.get_by_role("link", name="Rollout", exact=True)).to_be_visible()
    page.goto("/?q=pods+rollout&kind=video")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_the_transcript_goes_along_and_leads_to_its_moments(open_page: OpenPage, rollout: str) -> None:
    page = open_page(rollout, as_user="tess")
    player = player_of(page)
    when_read(page)
    line(page, "exceeded its progress deadline").click()
    until(player, "player => Math.abs(player.currentTime - 188.9) < 1.5")
    expect(page.locator("[aria-current]").filter(has_text="progress deadline")).to_be_visible()
    page.keyboard.press("0")
    expect(page.locator("[data-transcript-lines] [aria-current]")).to_have_count(0)
    page.keyboard.press("9")
    current = page.locator("[data-transcript-lines] [aria-current]")
    expect(current).to_be_in_viewport()
    page.keyboard.press("t")
    expect(current.get_by_role("link")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(current.get_by_role("link")).not_to_be_focused()
    before = player.evaluate("player => player.currentTime")
    page.keyboard.press("Enter")
    until(player, f"player => !player.seeking && player.currentTime < {before}")


def test_the_transcript_is_searched_and_kept_as_text(open_page: OpenPage, rollout: str, tmp_path: Path) -> None:
    page = open_page(f"{rollout}?q=kubectl", as_user="tess")
    when_read(page)
    status = page.locator("[data-transcript-state]")
    expect(status).to_have_text("4 lines say it")
    box = page.get_by_role("searchbox", name="Search the transcript")
    box.fill("正常")
    expect(status).to_have_text("1 line says it")
    expect(page.locator(".transcript mark")).to_have_text("正常")
    box.fill("no such thing")
    expect(status).to_have_text("No line says that.")
    box.fill("")
    expect(line(page, "Waiting for rollout: 2 of 3")).to_be_attached()
    with page.expect_download() as kept:
        page.get_by_role("link", name="Download as text").first.click()
    kept.value.save_as(tmp_path / "text")
    assert "error: deployment exceeded its progress deadline\n" in (tmp_path / "text").read_text()


def test_of_a_long_transcript_the_part_that_is_watched_is_there(
    portal: Portal, rollout: str, open_page: OpenPage, tmp_path: Path
) -> None:
    (tmp_path / "long.cast").write_bytes(cast(*LONG))
    pk = portal.stock("terminal", "tess", json.dumps({"title": "Long"}), str(tmp_path / "long.cast"))
    page = open_page(f"/recordings/{pk}", as_user="tess")
    player = player_of(page)
    when_read(page)
    for second in (2500, 100, 1500):
        player.evaluate(f"player => {{ player.currentTime = {second}.5; }}")
        expect(page.locator("[aria-current]").filter(has_text=f"line {second:05}")).to_be_in_viewport()
    rows = page.locator("[data-transcript-lines]")
    first = rows.locator("li").first.text_content()
    rows.evaluate("list => { list.dispatchEvent(new WheelEvent('wheel')); list.scrollTop = 0; }")
    expect(rows.locator("li").first).not_to_have_text(first or "")
    expect(page.get_by_role("button", name="Follow along")).to_be_visible()
    player.evaluate("player => { player.currentTime = 2900.5; }")
    near(player, 2900.5)
    expect(line(page, "line 02900")).to_have_count(0)
    page.get_by_role("button", name="Follow along").click()
    expect(page.locator("[aria-current]").filter(has_text="line 02900")).to_be_in_viewport()
