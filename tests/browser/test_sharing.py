"""Sharing in the browser: the owner makes a link and takes it back, a guest watches while it leads somewhere."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, until
from tests.browser.portal import Portal
from tests.browser.test_looks import look_in_every_way

# What a page shows does not depend on what keeps it.
pytestmark = pytest.mark.only("single")

PLAYS = "(video) => video.currentTime > 0.2"


def make_link(page: Page, **fields: str) -> str:
    """Share what the page shows; the address of the link."""
    page.get_by_role("button", name="Share", exact=True).click()
    for label, text in fields.items():
        page.get_by_label(label).fill(text)
    return create(page)


def create(page: Page) -> str:
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_label("The link, shown only now")
    expect(link).to_be_visible()
    return link.input_value()


def test_a_link_is_made_copied_watched_and_revoked(open_page: OpenPage, take: str, pictures: Path) -> None:
    owner = open_page(take, as_user="frank", permissions=["clipboard-read", "clipboard-write"])
    title = owner.get_by_role("heading", level=1).inner_text()
    owner.get_by_role("button", name="Share", exact=True).click()
    dialog = owner.get_by_role("dialog")
    expect(dialog.get_by_label("The link lasts")).to_have_value("7")
    expect(dialog.get_by_label("They can download it")).not_to_be_checked()
    look_in_every_way(owner, pictures, "share-dialog")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog.get_by_role("button", name="Copy")).to_be_focused()
    owner.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    link = owner.evaluate("navigator.clipboard.readText()")
    look_in_every_way(owner, pictures, "share-made")

    guest = open_page("/login", as_user=None, before="", expected="status of 404")
    guest.clock.install()
    guest.goto(link)
    expect(guest.get_by_role("heading", level=1)).to_have_text(title)
    assert guest.get_by_role("link").count() == 0
    look_in_every_way(guest, pictures, "guest")
    guest.get_by_role("button", name="play").first.click()
    until(guest.locator("video"), PLAYS)

    owner.get_by_role("button", name="Done").click()
    owner.get_by_role("button", name="Share", exact=True).click()
    # Newest first: other tests share it too.
    expect(dialog.locator("[data-use]").first).to_contain_text("1 view,")
    dialog.get_by_role("button", name="Revoke the link").first.click()
    expect(dialog.get_by_text("Revoked").first).to_be_visible()
    guest.clock.fast_forward(11_000)
    expect(guest.get_by_role("heading", name="This link leads nowhere any more")).to_be_visible()
    assert guest.locator("video").count() == 0
    look_in_every_way(guest, pictures, "guest-revoked")
    guest.reload()
    expect(guest.get_by_role("heading", name="This link leads nowhere")).to_be_visible()
    look_in_every_way(guest, pictures, "guest-nowhere")


def test_a_password_is_asked_for_first(open_page: OpenPage, take: str, pictures: Path) -> None:
    owner = open_page(take, as_user="frank")
    title = owner.get_by_role("heading", level=1).inner_text()
    link = make_link(owner, Password="open sesame")
    guest = open_page("/login", as_user=None)
    guest.goto(link)
    expect(guest.get_by_role("heading", level=1)).to_have_text("This recording has a password")
    guest.keyboard.type("open barley")
    guest.keyboard.press("Enter")
    expect(guest.get_by_role("alert")).to_contain_text("This is not the password")
    look_in_every_way(guest, pictures, "guest-password")
    guest.get_by_label("Password").fill("open sesame")
    guest.keyboard.press("Enter")
    expect(guest.get_by_role("heading", level=1)).to_have_text(title)
    guest.get_by_role("button", name="play").first.click()
    until(guest.locator("video"), PLAYS)
    guest.reload()
    expect(guest.get_by_role("heading", level=1)).to_have_text(title)


def test_a_guest_may_download_where_the_link_says_so(open_page: OpenPage, take: str) -> None:
    owner = open_page(take, as_user="frank")
    title = owner.get_by_role("heading", level=1).inner_text()
    owner.get_by_role("button", name="Share", exact=True).click()
    owner.get_by_label("They can download it").check()
    guest = open_page("/login", as_user=None)
    guest.goto(create(owner))
    with guest.expect_download() as download:
        guest.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == f"{title}.webm"


def test_what_will_not_do_is_said_in_the_dialog(open_page: OpenPage, take: str) -> None:
    owner = open_page(take, as_user="frank", expected="ERR_|status of 5")
    owner.route(
        "**/shares",
        lambda route: route.fulfill(status=503) if route.request.method == "POST" else route.continue_(),
    )
    owner.get_by_role("button", name="Share", exact=True).click()
    owner.get_by_role("button", name="Create link").click()
    expect(owner.get_by_role("dialog").get_by_role("alert")).to_contain_text("error 503")
    owner.keyboard.press("Escape")
    expect(owner.get_by_role("button", name="Share", exact=True)).to_be_focused()


def test_a_terminal_is_watched_by_a_link_until_it_is_revoked(
    open_page: OpenPage, portal: Portal, pictures: Path
) -> None:
    address = f"/recordings/{portal.stock('terminal', 'frank', title='Rollout')}"
    owner = open_page(address, as_user="frank")
    link = make_link(owner)
    guest = open_page("/login", as_user=None, before="", expected="status of 404")
    guest.clock.install()
    guest.goto(f"{link}?t=5s")
    player = guest.locator("cast-player")
    until(player, "player => player.readyState >= 2 && player.currentTime === 5")
    expect(guest.locator("cast-player .ap-line").first).not_to_be_empty()
    assert guest.get_by_role("link").count() == 0
    guest.keyboard.press("Space")
    until(player, "player => !player.paused && player.currentTime > 5.2")
    guest.keyboard.press("Space")
    guest.wait_for_load_state("networkidle")
    look_in_every_way(guest, pictures, "guest-terminal")
    owner.get_by_role("button", name="Revoke the link").click()
    expect(owner.get_by_text("Revoked", exact=False).first).to_be_visible()
    guest.clock.fast_forward(11_000)
    expect(guest.get_by_role("heading", name="This link leads nowhere any more")).to_be_visible()
    assert player.count() == 0
    assert guest.request.get(link).status == 404
