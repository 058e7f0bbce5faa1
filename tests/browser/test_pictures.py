"""Posters and hover previews, made of a real recording."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.portal import Portal
from tests.browser.test_looks import look_at
from tests.browser.test_never_lost import start


def test_pictures_come_by_themselves_and_are_shown(open_page: OpenPage, impatient: Portal, pictures: Path) -> None:
    page = open_page("/record", at=impatient)
    recording = start(page, "In pictures")
    page.wait_for_timeout(3500)
    page.get_by_role("button", name="Stop recording").click()
    page.wait_for_url(re.compile("/recordings/"))
    # Without a reload.
    expect(page.locator("video track")).to_have_count(1, timeout=40_000)
    expect(page.locator("video")).to_have_attribute("poster", re.compile(f"/recordings/{recording}/poster"))
    for _ in range(2):  # as it is after having waited, and as it comes
        time = page.locator("media-time-range")
        time.hover(position={"x": 20, "y": 10})
        time.hover(position={"x": 60, "y": 10})
        expect(time).to_have_attribute("mediapreviewimage", re.compile(f"/recordings/{recording}/storyboard.jpg"))
        look_at(page, pictures / "player-preview.png")
        page.reload()

    poster = page.request.get(f"/recordings/{recording}/poster")
    assert poster.headers["content-type"] == "image/jpeg"
    assert poster.headers["x-content-type-options"] == "nosniff"
    assert poster.headers["cache-control"].startswith("private")
    assert poster.body().startswith(b"\xff\xd8\xff")
    page.goto("/")
    image = page.locator(f"#r-{recording} .poster img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    look_at(page, pictures / "library-poster.png")

    bob = open_page("/", at=impatient, as_user="bob")
    for name in ("poster", "storyboard.jpg", "storyboard.vtt"):
        assert bob.request.get(f"/recordings/{recording}/{name}").status == 404


def test_what_has_no_pictures_shows_none(open_page: OpenPage, impatient: Portal) -> None:
    page = open_page("/", at=impatient)
    row = page.locator("[data-row]").filter(has_text="Access review")
    expect(row.locator(".poster img")).to_have_count(0)
    pk = row.get_attribute("data-row")
    assert page.request.get(f"/recordings/{pk}/poster").status == 404
