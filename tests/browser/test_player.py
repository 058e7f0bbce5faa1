"""The page of one recording: watching it, and what is written about it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, until
from tests.browser.portal import Portal

AT = "video => video.currentTime"


def video_of(page: Page) -> Locator:
    video = page.locator("video")
    until(video, "video => video.readyState >= 2")
    return video


def near(video: Locator, seconds: float) -> None:
    until(video, f"video => !video.seeking && Math.abs(video.currentTime - {seconds}) < 0.3")


def test_keys_do_what_they_say(open_page: OpenPage, take: str) -> None:
    page = open_page(take, as_user="frank")
    video = video_of(page)
    end = video.evaluate("video => video.duration")
    page.keyboard.press("Space")
    until(video, "video => !video.paused")
    page.keyboard.press("k")
    until(video, "video => video.paused")
    page.keyboard.press("0")
    near(video, 0)
    page.keyboard.press("ArrowRight")
    near(video, 5)
    page.keyboard.press("ArrowLeft")
    near(video, 0)
    page.keyboard.press("l")
    near(video, min(10, end))
    page.keyboard.press("j")
    near(video, max(0, end - 10))
    page.keyboard.press("5")
    near(video, end / 2)
    before = video.evaluate(AT)
    page.keyboard.press(".")
    until(video, f"video => video.currentTime > {before} && video.currentTime < {before + 0.15}")
    page.keyboard.press(",")
    near(video, before)
    page.keyboard.press(">")
    until(video, "video => video.playbackRate === 1.25")
    page.keyboard.press("<")
    page.keyboard.press("<")
    until(video, "video => video.playbackRate === 0.75")
    page.keyboard.press("f")
    until(video, "() => document.fullscreenElement !== null")
    page.keyboard.press("f")
    until(video, "() => document.fullscreenElement === null")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("To that tenth")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_keys_are_letters_where_somebody_types(open_page: OpenPage, take: str) -> None:
    page = open_page(take, as_user="frank")
    video = video_of(page)
    page.get_by_role("tab", name="Notes").click()
    notes = page.get_by_role("textbox", name="Notes")
    notes.fill("")
    notes.press_sequentially("k 5 j?")
    expect(notes).to_have_value("k 5 j?")
    assert video.evaluate(AT) == 0
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_link_opens_at_its_moment_and_the_address_follows(open_page: OpenPage, take: str) -> None:
    page = open_page(f"{take}?t=0m4s", as_user="frank", permissions=["clipboard-read", "clipboard-write"])
    video = video_of(page)
    near(video, 4)
    expect(page.get_by_role("button", name="Copy link at 0:04")).to_be_visible()
    page.keyboard.press("ArrowRight")
    near(video, 9)
    page.wait_for_url(f"{take}?t=9s")
    page.get_by_role("button", name="Copy link at 0:09").click()
    expect(page.locator(".toast")).to_contain_text("Link at 0:09 copied.")
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"{take}?t=9s")
    page.keyboard.press("0")
    page.wait_for_url(take)
    assert page.evaluate("history.length") <= 2


def test_moments_are_marked_named_and_removed(open_page: OpenPage, take: str) -> None:
    page = open_page(f"{take}?t=3s", as_user="frank")
    video = video_of(page)
    near(video, 3)
    page.keyboard.press("m")
    page.get_by_role("textbox", name="Name of the marker at 0:03").fill("The restart")
    page.keyboard.press("Enter")
    expect(page.locator("[data-marker]")).to_have_count(1)
    page.keyboard.press("7")
    page.get_by_role("button", name="Add marker").click()
    page.keyboard.press("Escape")
    expect(page.locator("[data-markers] .label")).to_have_text(["The restart", "Marker"])
    expect(page.locator("[data-marker]")).to_have_count(2)
    expect(page.locator("[data-announcer]")).to_have_text(re.compile("Marker at .* added."))
    page.reload()
    video = video_of(page)
    page.get_by_role("link", name="0:03").click()
    near(video, 3)
    for left in (1, 0):
        page.get_by_role("button", name="Delete marker").first.click()
        expect(page.locator("[data-markers] li")).to_have_count(left)
    expect(page.get_by_role("heading", name="Markers")).to_be_hidden()


def test_details_activity_and_notes_are_tabs(open_page: OpenPage, take: str) -> None:
    page = open_page(take, as_user="frank")
    expect(page.get_by_role("tabpanel", name="Details")).to_contain_text("1280 × 720")  # noqa: RUF001
    expect(page.get_by_role("tabpanel", name="Details")).to_contain_text("for ever")
    page.get_by_role("tab", name="Details").focus()
    page.keyboard.press("ArrowRight")
    activity = page.get_by_role("tabpanel", name="Activity")
    expect(activity).to_contain_text("frank uploaded")
    expect(activity).to_contain_text("frank watched")
    page.keyboard.press("ArrowRight")
    notes = page.get_by_role("textbox", name="Notes")
    notes.fill("Watch the <i>second</i> half.\nTwice.")
    expect(page.locator("[data-notes-state]")).to_have_text("Saved")
    page.reload()
    page.get_by_role("tab", name="Notes").click()
    expect(notes).to_have_value("Watch the <i>second</i> half.\nTwice.")


def test_title_and_tags_are_edited_in_place(open_page: OpenPage, take: str) -> None:
    page = open_page(take, as_user="frank")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Title").fill("Eleven seconds")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Eleven seconds")
    assert page.title() == "Eleven seconds · Sortie"
    for name in ("b & c", "a"):
        page.get_by_role("button", name="Add tag").click()
        page.get_by_role("textbox", name="New tag").fill(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Remove tag {name}")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Remove tag a").click()
    expect(page.locator("[data-tag]")).to_have_count(1)
    page.get_by_role("link", name="b & c").click()
    expect(page.locator(".name")).to_have_text(["Eleven seconds"])


def test_deleting_leads_to_the_list_with_a_way_back(portal: Portal, open_page: OpenPage) -> None:
    pk = portal.stock("one", "bob", title="Not needed", status="failed", error="No bytes.")
    page = open_page(f"/recordings/{pk}", as_user="bob")
    expect(page.get_by_role("heading", name="There is nothing to watch")).to_be_visible()
    expect(page.locator("[data-waiting]")).to_contain_text("No bytes.")
    expect(page.get_by_role("link", name="Download")).to_have_count(0)
    page.locator("[data-waiting]").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="My Recordings")).to_be_visible()
    expect(page.locator(".toast")).to_contain_text("Deleted “Not needed”.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Not needed").first).to_be_visible()


@pytest.mark.parametrize(("status", "words"), [("recording", "Being recorded"), ("uploading", "On its way")])
def test_an_unfinished_one_is_waited_for(portal: Portal, open_page: OpenPage, status: str, words: str) -> None:
    pk = portal.stock("one", "bob", title="Soon", status=status)
    page = open_page(f"/recordings/{pk}", as_user="bob")
    expect(page.get_by_role("heading", name=words)).to_be_visible()
    portal.stock("change", pk, status="failed", error="The disk was full.")
    expect(page.locator("[data-waiting]")).to_contain_text("The disk was full.")


def test_an_incomplete_one_says_so(portal: Portal, open_page: OpenPage) -> None:
    facts = {"title": "Cut", "seconds": 5, "incomplete": True, "error": "The browser went silent at 14:02:11."}
    pk = portal.stock("one", "bob", **facts)
    page = open_page(f"/recordings/{pk}", as_user="bob", expected="status of")
    expect(page.locator(".notice.amber")).to_have_text("Incomplete. The browser went silent at 14:02:11.")


def test_it_does_not_exist_for_others(open_page: OpenPage, take: str) -> None:
    page = open_page(take, as_user="bob", expected="status of 404")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page = open_page(take, as_user="ada")
    expect(page.get_by_role("tabpanel", name="Details")).to_contain_text("frank")
