"""The admin in a browser: what it looks like, and that it works under the strict policy."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, until
from tests.browser.portal import Portal, password_of
from tests.browser.test_looks import look_in_every_way
from tests.browser.views import SIZES, View

RECORDINGS = "/admin/recordings/recording/"


@pytest.fixture(scope="module")
def stocked(portal: Portal) -> dict[str, str]:
    """Storage of some weeks; the addresses of alice's recordings in the admin, by title."""
    portal.stock("days", "45")
    return {title: f"{RECORDINGS}{pk}/change/" for title, pk in portal.stock("titles", "alice").items()}


def _open(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.click()


def _select(page: Page) -> None:
    for number in (0, 2):
        page.locator("input.action-select").nth(number).check()


def _ask(act: str) -> Callable[[Page], None]:
    def select_and_ask(page: Page) -> None:
        _select(page)
        page.get_by_role("button", name=act, exact=True).click()
        expect(page.locator(".asking")).to_be_visible()

    return select_and_ask


def _set_password(page: Page) -> None:
    page.locator(".field-username a").first.click()
    page.goto(page.url.replace("/change/", "/password/"))
    expect(page.get_by_label("New password", exact=True)).to_be_visible()


VIEWS = {
    "start": View("ada", "/admin/"),
    "start-table": View("ada", "/admin/", _open(".numbers summary")),
    "recordings": View("ada", RECORDINGS),
    "recordings-filtered": View("ada", f"{RECORDINGS}?user=alice&status=failed"),
    "recordings-menu": View("ada", f"{RECORDINGS}?user=alice", _open("summary.chip:has-text('Date')")),
    "recordings-selected": View("ada", f"{RECORDINGS}?user=alice", _select),
    "recordings-nothing": View("ada", f"{RECORDINGS}?q=no+such+thing"),
    "ask-hold": View("ada", f"{RECORDINGS}?user=alice", _ask("Put on hold")),
    "ask-delete": View("ada", f"{RECORDINGS}?user=alice", _ask("Delete")),
    "recording-held": View("ada", "Access review"),
    "recording-failed": View("ada", "Failover drill"),
    "recording-incomplete": View("ada", "Staging shell"),
    "sessions": View("ada", "/admin/recordings/session/"),
    "policy": View("ada", "/admin/recordings/policy/"),
    "audit": View("ada", "/admin/recordings/auditevent/"),
    "users": View("ada", "/admin/recordings/user/"),
    "user": View("ada", "/admin/recordings/user/?q=alice", _open(".field-username a")),
    "user-add": View("ada", "/admin/recordings/user/add/"),
    "tokens": View("ada", "/admin/recordings/token/"),
    "token-add": View("ada", "/admin/recordings/token/add/"),
    "password": View("ada", "/admin/recordings/user/?q=alice", _set_password),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view(open_page: OpenPage, stocked: dict[str, str], pictures: Path, name: str) -> None:
    view = VIEWS[name]
    page = open_page(stocked.get(view.place, view.place), as_user=view.who)
    page.wait_for_load_state("networkidle")
    if view.act:
        view.act(page)
    look_in_every_way(page, pictures, f"admin-{name}")


def test_signing_in_leads_to_where_one_was_going(open_page: OpenPage) -> None:
    page = open_page(f"{RECORDINGS}?held=yes", as_user=None)
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(password_of("ada"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{RECORDINGS}?held=yes")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings")


def test_many_are_chosen_held_and_released(open_page: OpenPage) -> None:
    page = open_page(f"{RECORDINGS}?user=dave", as_user="ada")
    expect(page.locator(".acts")).to_be_hidden()
    page.locator("#action-toggle").check()
    expect(page.locator("[data-count]")).to_have_text("50 selected")
    page.locator("#action-toggle").uncheck()
    _select(page)
    expect(page.locator("[data-count]")).to_have_text("2 selected")
    page.get_by_role("button", name="Put on hold", exact=True).click()
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("Case 7")
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_have_text("2 recordings are on hold.")
    expect(page).to_have_url(re.compile(r"\?user=dave$"))
    expect(page.locator(".badge.held")).to_have_count(2)
    _select(page)
    page.get_by_role("button", name="Release", exact=True).click()
    expect(page.locator(".messages")).to_have_text("2 recordings are no longer on hold.")
    expect(page.locator(".badge.held")).to_have_count(0)


def test_one_is_deleted_and_restored_from_its_page(open_page: OpenPage, portal: Portal) -> None:
    pk = portal.stock("one", "carol", title="Ephemeral", seconds=9)
    page = open_page(f"{RECORDINGS}{pk}/change/", as_user="ada")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete “Ephemeral”?")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".messages")).to_contain_text("can be restored for 24 hours")
    expect(page.get_by_label("Title")).to_have_count(0)
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".messages")).to_have_text("“Ephemeral” is back.")
    page.get_by_label("Title").fill("Lasting")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lasting")


def test_a_recording_plays_in_its_page_and_that_counts_as_watching(open_page: OpenPage, take: str) -> None:
    page = open_page(f"{RECORDINGS}{take.rpartition('/')[2]}/change/", as_user="ada")
    video = page.locator("video")
    until(video, "(video) => video.networkState === 0 || video.buffered.length === 0")
    watched = page.get_by_text("ada watched")
    before = watched.count()  # other tests may have watched it
    page.reload()
    expect(watched).to_have_count(before)
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    until(video, "(video) => video.currentTime > 0.5")
    video.evaluate("(video) => { video.currentTime = 8; }")
    until(video, "(video) => video.currentTime > 8.2 && !video.seeking")
    page.reload()
    expect(watched.first).to_be_visible()


def test_filters_work_without_scripts(open_page: OpenPage) -> None:
    page = open_page(f"{RECORDINGS}?user=alice", as_user="ada", java_script_enabled=False)
    page.locator("summary.chip:has-text('Status')").click()
    page.get_by_role("link", name="Failed", exact=True).click()
    expect(page.locator(".chip.on")).to_have_text(["Failed", "User: alice"])
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.locator("input.action-select").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="Delete “Failover drill”?")).to_be_visible()


def test_auto_record_is_a_switch(open_page: OpenPage) -> None:
    page = open_page("/admin/recordings/policy/", as_user="ada")
    switch = page.get_by_label("Auto-record sessions")
    for turned in ("check", "uncheck"):
        getattr(switch, turned)()
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".messages")).to_have_text("Saved.")
        expect(switch).to_be_checked(checked=turned == "check")


def test_the_current_tab_is_in_sight_on_a_phone(open_page: OpenPage) -> None:
    page = open_page("/admin/recordings/token/", as_user="ada", viewport=SIZES["phone"])
    expect(page.get_by_role("link", name="Tokens", exact=True)).to_be_in_viewport(ratio=0.99)


def test_a_webhook_is_added_and_removed(open_page: OpenPage, pictures: Path) -> None:
    page = open_page("/admin/recordings/webhook/", as_user="ada", expected="status of 400")
    page.get_by_role("link", name="Add webhook").click()
    page.get_by_label("Address").fill("http://169.254.169.254/latest/meta-data")
    page.get_by_label("has failed").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("a private address")).to_be_visible()
    look_in_every_way(page, pictures, "admin-webhook-refused")
    # An address that nobody is asked at: it is told of nothing that happens here.
    page.get_by_label("Address").fill("https://1.1.1.1/in")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("The secret")).to_have_value(re.compile("^whsec_"))
    look_in_every_way(page, pictures, "admin-webhook-secret")
    page.get_by_role("link", name="To the webhook").click()
    expect(page.get_by_role("button", name="Send a test")).to_be_visible()
    look_in_every_way(page, pictures, "admin-webhook")
    page.get_by_role("button", name="Make a new one").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New secret")
    page.goto("/admin/recordings/webhook/")
    look_in_every_way(page, pictures, "admin-webhooks")
    page.get_by_role("link", name="https://1.1.1.1/in").click()
    page.get_by_role("link", name="Deliveries").click()
    look_in_every_way(page, pictures, "admin-deliveries")
    page.go_back()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("was removed")).to_be_visible()
    look_in_every_way(page, pictures, "admin-webhook-removed")
