"""Make the picture of the README, static/readme/library.png, anew: `python -m tests.browser.readme_picture`."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import environment
from tests.browser import portal as portals
from tests.browser.conftest import CHROMIUM, FLAGS, sign_in

PICTURE = portals.ROOT / "static/readme/library.png"
LARGEST = 200_000


def make(picture: Path) -> None:
    with portals.running() as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(
            base_url=portal.url,
            viewport={"width": 1280, "height": 760},
            color_scheme="light",
            storage_state=sign_in(browser, portal, "alice", {}),
        )
        page = context.new_page()
        page.goto("/", wait_until="networkidle")
        page.reload(wait_until="networkidle")  # with the typeface that a first look does not wait for
        page.locator("[data-row]").first.hover()
        page.wait_for_timeout(300)
        picture.parent.mkdir(exist_ok=True)
        page.screenshot(path=picture)
        browser.close()
    size = picture.stat().st_size
    assert size < LARGEST, f"{picture} has {size} bytes."
    print(f"{picture.relative_to(portals.ROOT)}: {size:,} bytes")


if __name__ == "__main__":
    environment.prepare()
    make(PICTURE)
