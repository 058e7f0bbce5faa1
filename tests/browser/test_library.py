"""The list of recordings, in every state it can be in."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, until
from tests.browser.portal import MANY, Portal


def row(page: Page, title: str) -> Locator:
    return page.locator("[data-row]").filter(has=page.get_by_role("link", name=title, exact=True))


def test_every_state_is_shown(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_role("heading", level=1)).to_have_text("My Recordings")
    ready = row(page, "Gateway deploy with rollback")
    for words in ("32:14", "desktop-7", "10.0.4.17", "113 MB", "deploy", "prod"):
        expect(ready).to_contain_text(words)
    expect(row(page, "Certificate rotation")).to_contain_text("Recording")
    expect(row(page, "Load test of the new queue")).to_contain_text("Uploading")
    expect(row(page, "Staging shell")).to_contain_text("Incomplete")
    expect(row(page, "Staging shell")).to_contain_text("The browser went silent at 14:02:11.")
    expect(row(page, "Failover drill")).to_contain_text("the recorder went silent")
    held = row(page, "Access review")
    expect(held).to_contain_text("Legal, case 2026-114")
    expect(held.get_by_role("checkbox")).to_have_count(0)
    expect(held.get_by_role("button", name="Delete")).to_have_count(0)
    for title in ("Certificate rotation", "Load test of the new queue", "Failover drill"):
        expect(row(page, title).get_by_role("link", name="Download")).to_have_count(0)


def test_times_are_told_in_the_zone_of_the_reader(open_page: OpenPage) -> None:
    page = open_page(timezone_id="Pacific/Kiritimati")
    time = row(page, "Gateway deploy with rollback").locator(".date time")
    expect(time).to_have_text(re.compile(r"^(today|yesterday) \d\d:\d\d$"))
    assert "GMT+14" in (time.get_attribute("title") or "")


def origin(page: Page) -> str:
    return str(page.evaluate("location.origin"))


def test_nothing_yet(open_page: OpenPage) -> None:
    page = open_page(as_user="erin")
    expect(page.get_by_role("heading", name="No recordings")).to_be_visible()
    expect(page.get_by_role("link", name="Record", exact=True)).to_have_count(0)
    expect(page.locator("[data-copied]")).to_contain_text(f"sortie login {origin(page)} && sortie rec")
    page.get_by_role("button", name="Copy the command").click()
    expect(page.locator("[data-toasts]")).to_contain_text("Copied.")
    page.get_by_role("link", name="Record your screen").click()
    expect(page.get_by_role("button", name="Start recording")).to_be_visible()


def test_others_recordings_are_for_admins_only(open_page: OpenPage) -> None:
    page = open_page("/?everyone=1", as_user="erin")
    expect(page.get_by_role("heading", name="No recordings")).to_be_visible()
    page = open_page(as_user="ada")
    page.get_by_role("link", name="Everyone").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Everyone")
    # Among what other tests have made since, it may be on a later page.
    page.goto("/?everyone=1&q=Staging+shell")
    expect(row(page, "Staging shell")).to_contain_text("alice")


def test_many_are_shown_page_by_page(open_page: OpenPage) -> None:
    page = open_page(as_user="dave")
    seen: list[str] = []
    while True:
        seen += page.locator(".name").all_inner_texts()
        older = page.get_by_role("link", name="Older")
        if not older.count():
            break
        older.click()
        expect(page.get_by_role("link", name="Newest")).to_be_visible()
        expect(page.locator(".name").first).not_to_have_text(seen[-1])
    assert seen == [f"Session {MANY - number}" for number in range(MANY)]


def test_filters_are_in_the_address(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("summary", has_text="Status").click()
    page.get_by_role("link", name="Failed", exact=True).click()
    page.wait_for_url("/?status=failed")
    assert page.locator(".name").all_inner_texts() == ["Failover drill"]
    page.locator("summary", has_text="Kind").click()
    page.get_by_role("link", name="Terminal", exact=True).click()
    page.wait_for_url("/?status=failed&kind=terminal")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Remove filter Status: Failed").click()
    assert page.locator(".name").all_inner_texts() == ["kubectl rollout on bastion-1"]
    page.locator("summary", has_text="Date").click()
    page.get_by_role("link", name="Last 7 days").click()
    expect(page.locator(".chip.on")).to_have_count(2)
    page.get_by_role("link", name="Clear all").click()
    page.wait_for_url("/")


def test_the_search_box_is_one_key_away(open_page: OpenPage) -> None:
    page = open_page("/?status=ready")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("incident payments")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("status=ready.*q=incident"))
    assert page.locator(".name").all_inner_texts() == ["Payments latency, incident 2214"]
    # The key is a letter again where somebody types.
    page.get_by_role("searchbox").press("/")
    expect(page.get_by_role("searchbox")).to_have_value("/incident payments")


def test_a_session_lists_what_was_recorded_in_it(open_page: OpenPage) -> None:
    page = open_page()
    row(page, "Gateway deploy with rollback").get_by_role("link", name="desktop-7").click()
    page.wait_for_url(re.compile("session="))
    assert page.locator(".name").all_inner_texts() == ["Gateway deploy with rollback"]
    expect(page.locator(".chip.on")).to_contain_text("desktop-7")


@pytest.fixture
def own(portal: Portal) -> list[str]:
    """Three recordings of bob's to do things to; their titles, newest last."""
    titles = ["To keep", "To delete", "To delete as well"]
    for title in titles:
        portal.stock("one", "bob", title=title, seconds=5)
    return titles


def test_one_is_renamed_where_it_stands(portal: Portal, open_page: OpenPage, own: list[str]) -> None:
    page = open_page(as_user="bob")
    first = page.locator("[data-row]").first
    before = first.bounding_box()
    first.hover()
    first.get_by_role("button", name="Rename").first.click()
    field = page.get_by_role("textbox", name="Title")
    expect(field).to_be_focused()
    assert first.bounding_box() == before
    field.fill("Given up")
    field.press("Escape")
    expect(first.locator(".name")).to_have_text("To delete as well")
    first.get_by_role("button", name="Rename").first.click()
    field.fill("  A better <b>name</b> ")
    field.press("Enter")
    expect(first.locator(".name")).to_have_text("A better <b>name</b>")
    expect(first.locator(".name")).to_be_focused()
    page.reload()
    expect(first.locator(".name")).to_have_text("A better <b>name</b>")


def test_a_name_that_is_refused_stays_to_be_mended(open_page: OpenPage, own: list[str]) -> None:
    page = open_page(as_user="bob", expected="status of 500")
    page.route("**/api/recordings/*", lambda route: route.fulfill(status=500))
    first = page.locator("[data-row]").first
    first.hover()
    first.get_by_role("button", name="Rename").first.click()
    field = page.get_by_role("textbox", name="Title")
    field.fill("Another")
    field.press("Enter")
    until(field, "field => field.validationMessage.includes('error 500')")


def test_deleting_asks_and_can_be_undone(open_page: OpenPage, own: list[str]) -> None:
    page = open_page("/?q=To+delete", as_user="bob")
    chosen = row(page, "To delete").first
    chosen.hover()
    delete = chosen.get_by_role("button", name="Delete To delete", exact=True)
    delete.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete “To delete”?")
    expect(dialog).to_contain_text("restored for 24 h")
    dialog.get_by_role("button", name="Cancel").click()
    count = page.locator("[data-row]").count()
    delete.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("[data-row]")).to_have_count(count - 1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-row]")).to_have_count(count)


def test_many_are_deleted_at_once_and_restored(open_page: OpenPage, own: list[str]) -> None:
    page = open_page("/?q=To+delete", as_user="bob")
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_hidden()
    page.get_by_label("Select all").check()
    count = page.locator("[data-row]").count()
    expect(page.locator("[data-count]")).to_have_text(f"{count} selected")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.get_by_label("Account of bob").click()
    page.get_by_role("link", name="Deleted recordings").click()
    expect(page.get_by_text("Deleted, can be restored for 24 h")).to_be_visible()
    page.get_by_role("button", name="Restore To delete", exact=True).first.click()
    expect(page.get_by_text("“To delete” is back.")).to_be_visible()
    expect(row(page, "To delete").first).to_be_visible()


def test_a_refused_deletion_says_why(portal: Portal, open_page: OpenPage) -> None:
    held = portal.stock("one", "bob", title="Held meanwhile", seconds=5)
    page = open_page("/?q=Held", as_user="bob", expected="status of 409")
    page.locator("[data-row]").first.hover()
    page.get_by_role("button", name="Delete Held meanwhile").click()
    # Only now, as the row would follow, and offer no deletion any more.
    portal.stock("change", held, seconds=5, on_hold=True, hold_reason="case 7")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_contain_text("on hold: case 7")
    expect(page.locator("[data-row]").first).to_be_visible()


def test_rows_follow_what_happens_without_taking_the_focus(portal: Portal, open_page: OpenPage) -> None:
    changing = portal.stock("one", "carol", title="Being made", status="uploading")
    portal.stock("one", "carol", title="Untouched", seconds=9)
    page = open_page(as_user="carol")
    first = row(page, "Being made")
    first.get_by_role("checkbox").check()
    first.locator(".name").focus()
    untouched = row(page, "Untouched").element_handle()
    assert untouched is not None
    portal.stock("change", changing, seconds=61)
    expect(first.locator(".length")).to_have_text("1:01")
    expect(first.locator(".name")).to_be_focused()
    expect(first.get_by_role("checkbox")).to_be_checked()
    expect(page.locator("[data-announcer]")).to_have_text("Being made is ready.")
    assert untouched.evaluate("row => row.isConnected")


def test_menus_work_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    menu = row(page, "Gateway deploy with rollback").locator("summary")
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Download", exact=True)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="Delete", exact=True).and_(page.locator(":focus"))).to_have_count(1)
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.locator("[data-menu][open]")).to_have_count(0)


def test_links_are_copied(portal: Portal, open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    target = row(page, "Gateway deploy with rollback")
    target.locator("summary").click()
    target.get_by_role("button", name="Copy link").click()
    expect(page.locator(".toast")).to_have_text(re.compile("Link copied."))
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(re.escape(portal.url) + r"/recordings/[0-9a-f-]{36}", copied)


def test_being_offline_is_said(open_page: OpenPage) -> None:
    page = open_page()
    notice = page.get_by_text("You are offline.")
    expect(notice).to_be_hidden()
    page.context.set_offline(True)
    expect(notice).to_be_visible()
    page.context.set_offline(False)
    expect(notice).to_be_hidden()


def test_the_theme_is_chosen_and_kept(open_page: OpenPage) -> None:
    page = open_page(color_scheme="light")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("Account of alice").click()
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    page.get_by_label("Account of alice").click()
    page.get_by_role("button", name="System").click()
    assert page.evaluate(ground) == light


def test_it_all_works_without_a_script(portal: Portal, open_page: OpenPage) -> None:
    portal.stock("one", "bob", title="Without a script", seconds=5)
    page = open_page("/?q=Without+a+script", as_user="bob", java_script_enabled=False)
    first = page.locator("[data-row]").first
    first.locator("summary").click()
    assert first.get_by_role("link", name="Download", exact=True).get_attribute("href")
    expect(first.get_by_role("button", name="Copy link")).to_have_count(0)
    first.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete “Without a script”?")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted one recording.")).to_be_visible()
    page.get_by_role("button", name="Restore Without a script").first.click()
    expect(page.get_by_text("“Without a script” is back.")).to_be_visible()
    page.goto("/?q=Without+a+script")
    page.locator("input[name=id]").first.check()
    page.locator(".selection").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted one recording.")).to_be_visible()


def test_days_are_those_of_the_viewer(open_page: OpenPage) -> None:
    page = open_page("/", timezone_id="Asia/Tokyo")
    page.reload()
    page.locator(".chip:has-text('Date')").click()
    expect(page.get_by_text("Days in Asia/Tokyo")).to_be_visible()
