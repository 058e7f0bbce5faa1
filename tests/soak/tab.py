"""The story of a tab that is killed while it records a desktop, and of who opens the page again."""

import random
import time
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.portal import Portal
from tests.browser.test_never_lost import MOST_LOST, bar, crash, wait_for
from tests.browser.test_sessions import connected, start
from tests.portal import password_of
from tests.soak.outcome import Outcome
from tests.soak.world import World

WHO = "alice"
SECONDS = (3.0, 30.0)
READY_WITHIN = 60.0


@dataclass(frozen=True)
class Reopened:
    """What was found of a recording whose tab was killed. Times are in seconds."""

    missing: float
    ready_after: float
    megabytes: float
    complaint: str


def tab_killed(world: World, times: int, *, hurry: bool = False) -> Outcome:
    """A tab that records a desktop crashes within its first 30 seconds, and the page is opened again at once."""
    assert world.desktop is not None
    portal, chance = Portal(world.portal), random.Random(13)
    found: list[Reopened] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = _signed_in(browser, portal)
        for number in range(times):
            title = f"Desktop {number}"
            session = portal.stock("desktop", WHO, title, world.desktop.target, world.desktop.password)
            try:
                found.append(_killed(context, f"/sessions/{session}", title, chance.uniform(*SECONDS)))
            except (AssertionError, Error) as error:
                found.append(Reopened(SECONDS[1], 0, 0, f"{title}: {error}"))
        browser.close()
    broken = [each.complaint for each in found if each.complaint]
    broken += [f"{each.missing:.1f} s are missing" for each in found if each.missing > MOST_LOST]
    return Outcome(
        story="tab killed",
        faults=len(found),
        recordings=len(found),
        megabytes=sum(each.megabytes for each in found),
        unanswered=0,
        besides=f"at most {max(each.missing for each in found):.2f} s missing",
        bytes_lost=0,
        different=0,
        twice=0,
        ready_after=max(each.ready_after for each in found),
        broken=broken,
    )


def _signed_in(browser: Browser, portal: Portal) -> BrowserContext:
    context = browser.new_context(base_url=portal.url, viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("User name").fill(WHO)
    page.get_by_label("Password").fill(password_of(WHO))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")
    page.close()
    return context


def _killed(context: BrowserContext, session: str, title: str, seconds: float) -> Reopened:
    page = context.new_page()
    page.goto(session)
    connected(page)
    recording = start(page)
    began = time.monotonic()
    page.wait_for_timeout(1000 * seconds)
    lasted = time.monotonic() - began
    crash(page)
    page.close()
    return _reopened(context.new_page(), recording, title, lasted)


def _reopened(page: Page, recording: str, title: str, lasted: float) -> Reopened:
    page.goto("/sessions")
    expect(bar(page, title)).to_be_visible()
    page.get_by_role("button", name="Finish").click()
    began = time.monotonic()
    expect(page.get_by_text(f"“{title}” is complete.")).to_be_visible(timeout=1000 * READY_WITHIN)
    facts = wait_for(page, recording, within=READY_WITHIN)
    page.close()
    return Reopened(
        missing=max(0.0, lasted - (facts["duration_seconds"] or 0)),
        ready_after=time.monotonic() - began,
        megabytes=(facts["size_bytes"] or 0) / 1e6,
        complaint=facts["error"] if "went silent" in (facts["error"] or "") else "",
    )
