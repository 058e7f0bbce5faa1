"""Tabs, browsers, servers and networks die while they record, and what was recorded is there."""

import asyncio
import random
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect

from tests.browser import portal as portals
from tests.browser.conftest import CHROMIUM, FAKE_DEVICES, FLAGS, GRACE, OpenPage, sign_in
from tests.browser.portal import Portal

# `make soak` does more of them (tests/soak/tab.py).
KILLS, SECONDS = 2, 6.0
MOST_LOST = 2.0


def start(page: Page, title: str) -> str:
    """Record; the recording's id."""
    page.get_by_label("Title").fill(title)
    with page.expect_response(re.compile("/recording/start")) as started:
        page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("button", name="Stop recording")).to_be_visible()
    return str(started.value.json()["recording_id"])


def crash(page: Page) -> None:
    """Kill the tab: no script of it runs any more."""
    session = page.context.new_cdp_session(page)
    with page.expect_event("crash"):
        # Not by `session.send`, which would wait for ever for the answer of a tab that is dead.
        sent = asyncio.ensure_future(session._impl_obj.send("Page.crash", None, None), loop=page._loop)
        sent.add_done_callback(lambda done: done.exception())


def facts(page: Page, recording: str) -> dict[str, Any]:
    return dict(page.request.get(f"/api/recordings/{recording}").json())


def wait_for(page: Page, recording: str, status: str = "ready", *, within: float = 30) -> dict[str, Any]:
    deadline = time.monotonic() + within
    while (found := facts(page, recording))["status"] != status:
        assert time.monotonic() < deadline, found
        page.wait_for_timeout(200)
    return found


def bar(page: Page, title: str) -> Any:
    return page.locator("[data-take]").filter(has_text=title)


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_tab_loses_two_seconds_at_most(open_page: OpenPage, impatient: Portal, number: int) -> None:
    title = f"Killed {number}"
    page = open_page("/record", at=impatient)
    recording = start(page, title)
    began = time.monotonic()
    page.wait_for_timeout(random.SystemRandom().uniform(3, SECONDS) * 1000)
    lasted = time.monotonic() - began
    crash(page)

    again = page.context.new_page()
    again.goto("/")
    expect(bar(again, title)).to_contain_text(
        re.compile(rf"A recording of {title} \(\d+ s\) (has \d+ s left|was cut off)")
    )
    again.get_by_role("button", name="Finish").click()
    expect(again.get_by_text(f"“{title}” is complete.")).to_be_visible()
    expect(bar(again, title)).to_have_count(0)
    found = wait_for(again, recording)
    assert found["duration_seconds"] > lasted - MOST_LOST
    assert "went silent" not in (found["error"] or "")


def test_a_killed_tab_that_nobody_comes_back_to(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/record", at=impatient)
    recording = start(page, "Never again")
    began = time.monotonic()
    page.wait_for_timeout(4500)
    lasted = time.monotonic() - began
    crash(page)
    other = open_page("/", at=impatient)
    found = wait_for(other, recording, within=GRACE + 20)
    assert found["incomplete"]
    assert "went silent" in found["error"]
    assert found["duration_seconds"] > lasted - MOST_LOST - 1  # what was on its way is lost as well
    other.goto(f"/recordings/{recording}")
    expect(other.get_by_text("Incomplete.")).to_be_visible()
    expect(other.locator("video")).to_have_js_property("readyState", 4)


def test_who_comes_back_after_it_was_given_up_completes_it(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/record", at=impatient, expected="ERR_FAILED")
    recording = start(page, "Late")
    began = time.monotonic()
    page.wait_for_timeout(2500)
    page.route("**/api/uploads/*", lambda route: route.abort())
    page.wait_for_timeout(3000)
    lasted = time.monotonic() - began
    crash(page)
    again = page.context.new_page()
    again.goto("/")
    cut = wait_for(again, recording, within=GRACE + 20)
    assert cut["incomplete"]
    expect(bar(again, "Late")).to_contain_text("left to send")
    again.get_by_role("button", name="Finish").click()
    expect(again.get_by_text("“Late” is complete.")).to_be_visible()
    deadline = time.monotonic() + 20
    while "went silent" in ((found := facts(again, recording))["error"] or ""):
        assert time.monotonic() < deadline, found
        again.wait_for_timeout(200)
    assert found["duration_seconds"] > lasted - MOST_LOST, (cut, found)
    assert found["size_bytes"] > cut["size_bytes"]


def test_offline_for_some_seconds(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/record", at=impatient, expected="ERR_INTERNET_DISCONNECTED")
    recording = start(page, "Tunnel")
    began = time.monotonic()
    page.wait_for_timeout(2000)
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("Sortie cannot be reached")
    page.wait_for_timeout(3000)
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_hidden()
    lasted = time.monotonic() - began
    page.get_by_role("button", name="Stop recording").click()
    page.wait_for_url(re.compile("/recordings/"))
    assert facts(page, recording)["duration_seconds"] == pytest.approx(lasted, abs=MOST_LOST)


def test_a_server_that_is_killed_while_it_is_sent_to(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/record", at=impatient, expected="ERR_CONNECTION|status of 5|ERR_EMPTY")
    recording = start(page, "Power cut")
    began = time.monotonic()
    page.wait_for_timeout(2500)
    impatient.kill()
    expect(page.get_by_role("alert")).to_contain_text("Sortie cannot be reached")
    impatient.start()
    expect(page.get_by_role("alert")).to_be_hidden()
    lasted = time.monotonic() - began
    page.get_by_role("button", name="Stop recording").click()
    page.wait_for_url(re.compile("/recordings/"))
    found = wait_for(page, recording)
    assert found["duration_seconds"] == pytest.approx(lasted, abs=MOST_LOST)
    assert not found["incomplete"]


def test_a_browser_that_is_killed_finds_it_on_its_disk(
    playwright: Playwright,
    launch: Callable[..., Browser],
    impatient: Portal,
    signed_in: dict[str, Any],
    tmp_path: Path,
) -> None:
    cookies = sign_in(launch(*FAKE_DEVICES), impatient, "alice", signed_in)["cookies"]

    def opened() -> Any:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=CHROMIUM,
            args=[*FLAGS, *FAKE_DEVICES],
            base_url=impatient.url,
        )
        context.add_cookies(cookies)
        return context

    context = opened()
    page = context.pages[0]
    page.goto("/record")
    recording = start(page, "Whole browser")
    page.wait_for_timeout(1500)
    context.set_offline(True)
    began = time.monotonic()
    page.wait_for_timeout(4000)
    kept = time.monotonic() - began
    subprocess.run(["pkill", "-KILL", "-f", f"user-data-dir={tmp_path}"], check=True)
    with suppress(Error):
        context.close()

    context = opened()
    page = context.new_page()
    page.goto("/deleted")
    expect(bar(page, "Whole browser")).to_contain_text("left to send")
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text("“Whole browser” is complete.")).to_be_visible()
    assert wait_for(page, recording)["duration_seconds"] > kept - MOST_LOST
    context.close()


def test_the_bar_is_on_every_page_and_discards(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/record", at=impatient, as_user="ada")
    recording = start(page, "Not wanted")
    page.wait_for_timeout(2500)
    crash(page)
    again = page.context.new_page()
    for path in ("/record", "/deleted", "/sessions", "/admin/", "/"):
        again.goto(path)
        expect(bar(again, "Not wanted")).to_be_visible()
    again.get_by_role("button", name="Discard").click()
    again.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(bar(again, "Not wanted")).to_have_count(0)
    assert again.request.get(f"/api/recordings/{recording}").status == 404
    again.reload()
    expect(again.locator("[data-leftover]")).to_be_hidden()


def test_leaving_warns_and_the_next_page_offers_the_rest(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/record", at=impatient, expected="ERR_FAILED")
    page.route("**/api/uploads/*", lambda route: route.abort())
    start(page, "Left behind")
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sending your recording")
    page.once("dialog", lambda dialog: dialog.accept())
    with page.expect_event("dialog") as asked:
        page.goto("/")
    assert asked.value.type == "beforeunload"
    page.unroute("**/api/uploads/*")
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Watch").click()
    page.wait_for_url(re.compile("/recordings/"))
    expect(page.locator("video")).to_be_visible()


def test_two_tabs(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/record", at=impatient)
    first = start(page, "First tab")
    second_page = page.context.new_page()
    second_page.goto("/record")
    second = start(second_page, "Second tab")
    # A third sees no leftovers while both are alive.
    third = page.context.new_page()
    third.goto("/")
    third.wait_for_timeout(1500)
    expect(third.locator("[data-leftover]")).to_be_hidden()
    crash(page)
    third.reload()
    expect(third.locator("[data-take]")).to_have_count(1)
    fourth = page.context.new_page()
    fourth.goto("/")
    expect(bar(fourth, "First tab")).to_be_visible()
    third.get_by_role("button", name="Finish").click()
    # What one tab has dealt with the other does not offer any more.
    expect(bar(fourth, "First tab")).to_have_count(0)
    second_page.get_by_role("button", name="Stop recording").click()
    second_page.wait_for_url(re.compile("/recordings/"))
    for recording in (first, second):
        assert "went silent" not in (wait_for(third, recording)["error"] or "")


def test_others_who_sign_in_here_learn_nothing_of_it(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/record", at=impatient)
    start(page, "Mine alone")
    page.wait_for_timeout(2000)
    crash(page)
    again = page.context.new_page()
    again.goto("/")
    expect(bar(again, "Mine alone")).to_be_visible()
    again.context.clear_cookies()
    again.goto("/login")
    again.get_by_label("User name").fill("bob")
    again.get_by_label("Password").fill(portals.password_of("bob"))
    again.get_by_role("button", name="Sign in").click()
    again.wait_for_url("/")
    again.wait_for_timeout(1000)
    expect(again.locator("[data-leftover]")).to_be_hidden()
