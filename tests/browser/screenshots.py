"""Take the pictures: `python -m tests.browser.screenshots [FOLDER]`.

Without FOLDER only the one of the README, static/readme/library.png; with it also every page in every state, both
themes and both widths.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests import environment
from tests.browser import portal as portals
from tests.browser.conftest import CHROMIUM, FAKE_DEVICES, FLAGS, sign_in
from tests.browser.portal import Portal
from tests.browser.views import VIEWS, View, in_every_way
from tests.portal import ROOT

README = ROOT / "static/readme/library.png"
LARGEST = 200_000


def main(folder: Path | None) -> None:
    environment.prepare()
    with portals.running() as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *FAKE_DEVICES])
        picture_of_readme(browser, portal)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            every_view(browser, portal, folder)
        browser.close()


def picture_of_readme(browser: Browser, portal: Portal) -> None:
    page = _context(browser, portal, "alice").new_page()
    page.set_viewport_size({"width": 1280, "height": 760})
    page.goto("/", wait_until="networkidle")
    page.reload(wait_until="networkidle")  # with the typeface that a first look does not wait for
    page.locator("[data-row]").first.hover()
    page.wait_for_timeout(300)
    README.parent.mkdir(exist_ok=True)
    page.screenshot(path=README)
    size = README.stat().st_size
    assert size < LARGEST, f"{README} has {size} bytes."


def every_view(browser: Browser, portal: Portal, folder: Path) -> None:
    of_alice = portal.stock("titles", "alice")
    for name, view in VIEWS.items():
        place = f"/recordings/{of_alice[view.place]}" if view.place in of_alice else view.place
        _pictures_of(_context(browser, portal, view.who), view, place, folder / name)


def _pictures_of(context: BrowserContext, view: View, place: str, name: Path) -> None:
    page = context.new_page()
    page.goto(place, wait_until="networkidle")
    if view.act:
        view.act(page)
    for way in in_every_way(page):
        page.screenshot(path=name.with_name(f"{name.name}-{way}.png"))
    context.close()


def _context(browser: Browser, portal: Portal, who: str | None) -> BrowserContext:
    state = sign_in(browser, portal, who, {}) if who else None
    return browser.new_context(base_url=portal.url, storage_state=state)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
