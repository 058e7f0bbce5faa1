"""Signing in, out, and being slowed down."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.portal import password_of


def test_one_comes_back_to_where_one_wanted(open_page: OpenPage) -> None:
    page = open_page("/record", as_user=None)
    assert page.url.endswith("/login?next=/record")
    expect(page.get_by_label("User name")).to_be_focused()
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Password").fill(password_of("bob"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Record your screen")).to_be_visible()


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_one_is_not_sent_elsewhere(open_page: OpenPage, target: str) -> None:
    page = open_page(f"/login?next={target}", as_user=None)
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Password").fill(password_of("bob"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My Recordings")).to_be_visible()


def test_signing_out_ends_it(open_page: OpenPage) -> None:
    page = open_page("/login", as_user=None)
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Password").fill(password_of("bob"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Account of bob").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/")
    assert page.url.endswith("/login?next=/")


def test_wrong_passwords_are_refused_and_then_slowed_down(open_page: OpenPage) -> None:
    page = open_page("/login", as_user=None, expected="429")
    for _ in range(5):
        page.get_by_label("User name").fill("mallory")
        page.get_by_label("Password").fill("a guess")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("do not belong together")
        expect(page.get_by_label("User name")).to_have_value("mallory")
        expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill("a guess")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts. Wait 5 minutes")
