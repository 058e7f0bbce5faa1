"""One's own account in the browser: a token that is shown once, and a new password."""

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.portal import Portal, password_of


def opens(portal: Portal, token: str) -> int:
    return httpx.get(f"{portal.url}/api/recordings", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_is_made_copied_used_and_revoked(open_page: OpenPage, portal: Portal) -> None:
    page = open_page("/", as_user="erin", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Account of erin").click()
    page.get_by_role("link", name="Account and tokens").click()
    page.get_by_label("Name").fill("Build server")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Token copied.")).to_be_visible()
    token = page.evaluate("navigator.clipboard.readText()")
    assert opens(portal, token) == 200
    page.goto("/account")
    assert token not in page.content()
    page.get_by_role("button", name="Revoke Build server").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Revoke Build server")).to_be_visible()
    page.get_by_role("button", name="Revoke Build server").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("“Build server” can no longer be used.")).to_be_visible()
    assert opens(portal, token) == 401


def test_a_new_password_keeps_one_signed_in_here_and_nowhere_else(open_page: OpenPage, portal: Portal) -> None:
    portal.stock("person", "grace")
    here, elsewhere = open_page("/account", as_user="grace"), open_page("/login", as_user=None)
    elsewhere.get_by_label("User name").fill("grace")
    elsewhere.get_by_label("Password").fill(password_of("grace"))
    elsewhere.keyboard.press("Enter")
    elsewhere.wait_for_url("/")
    here.get_by_label("Present password").fill(password_of("grace"))
    here.get_by_label("New password", exact=True).fill("another and longer one")
    here.get_by_label("New password, again").fill("another and longer one")
    here.keyboard.press("Enter")
    expect(here.get_by_text("Your password was changed.")).to_be_visible()
    elsewhere.reload()
    expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()
