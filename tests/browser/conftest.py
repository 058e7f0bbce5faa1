"""A portal, a Chromium, and pages that fail their test when the browser complained about anything."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect, sync_playwright

from tests.browser import desktop as desktops
from tests.browser import portal as portals
from tests.browser.desktop import PASSWORD, Desktop
from tests.browser.portal import Portal, password_of

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    # Root, as in a container, may not use Chromium's own sandbox.
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    "--autoplay-policy=no-user-gesture-required",
]
# A screen with a test picture, and a microphone that beeps, given to whoever asks.
FAKE_DEVICES = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")

# Seconds.
GRACE = 5
# On a busy machine a page takes its time, and who waits for what comes anyway waits no longer for it.
PATIENCE = 30

expect.set_options(timeout=PATIENCE * 1000)

OpenPage = Callable[..., Page]


def until(element: Locator, condition: str, *, within: float = PATIENCE) -> None:
    """Wait for a JavaScript function of an element to be true. Playwright's own wait needs `unsafe-eval`."""
    deadline = time.monotonic() + within
    while not element.evaluate(condition):
        assert time.monotonic() < deadline, f"It did not come true: {condition}"
        element.page.wait_for_timeout(50)


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    with portals.running() as started:
        yield started


@pytest.fixture(scope="session")
def impatient() -> Iterator[Portal]:
    """A portal that soon takes a silent browser for dead."""
    with portals.running(SORTIE_SILENT_CAPTURE_SECONDS=str(GRACE), SORTIE_RECORDING_MAX_SIZE_MB="100") as started:
        yield started


@pytest.fixture(scope="session")
def desktop() -> Iterator[Desktop]:
    """A desktop on which something moves, and that asks for a password."""
    with desktops.running(password=PASSWORD) as started:
        yield started


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    # Playwright's loop runs in this thread until it ends, and Django then takes every query for one in a coroutine.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as started:
        yield started
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Start a Chromium with further flags."""
    started: dict[tuple[str, ...], Browser] = {}

    def launch_with(*flags: str) -> Browser:
        if flags not in started:
            started[flags] = playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=[*FLAGS, *flags],
                # A muted browser records silence.
                ignore_default_args=["--mute-audio"],
            )
        return started[flags]

    yield launch_with
    for browser in started.values():
        browser.close()


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest, launch: Callable[..., Browser], signed_in: dict[str, Any]
) -> Iterator[OpenPage]:
    """Open pages, of `portal` if nothing else is said.

    `expected` matches what the console may say; `before` runs ahead of the page's scripts.
    """
    contexts: list[BrowserContext] = []
    watches: list[tuple[list[str], str]] = []

    def open_it(
        path: str = "/",
        *,
        as_user: str | None = "alice",
        flags: tuple[str, ...] = FAKE_DEVICES,
        expected: str = "",
        before: str = "",
        at: Portal | None = None,
        **options: Any,
    ) -> Page:
        browser = launch(*flags)
        at = at or cast(Portal, request.getfixturevalue("portal"))
        if as_user is not None:
            options["storage_state"] = sign_in(browser, at, as_user, signed_in)
        context = browser.new_context(base_url=at.url, **{"viewport": {"width": 1280, "height": 860}, **options})
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        page = context.new_page()
        said: list[str] = []
        watches.append((said, expected))
        page.on(
            "console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: said.append(str(error)))
        if before:
            page.add_init_script(before)
        page.goto(path)
        return page

    yield open_it
    for context in contexts:
        context.close()
    for said, expected in watches:
        unexpected = [text for text in said if not (expected and re.search(expected, text))]
        assert not unexpected, f"The browser complained: {unexpected}"


@pytest.fixture(scope="session")
def signed_in() -> dict[str, Any]:
    return {}


def sign_in(browser: Browser, portal: Portal, name: str, kept: dict[str, Any]) -> Any:
    """Cookies of somebody who signed in by the page, once for all tests."""
    key = f"{portal.url} {name}"
    if key not in kept:
        page = browser.new_page(base_url=portal.url)
        page.goto("/login")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(password_of(name))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("/")
        kept[key] = page.context.storage_state()
        page.close()
    return kept[key]


@pytest.fixture(scope="session")
def take(portal: Portal, launch: Callable[..., Browser], signed_in: dict[str, Any]) -> str:
    """The address of a recording of ten seconds that frank made."""
    browser = launch(*FAKE_DEVICES)
    context = browser.new_context(base_url=portal.url, storage_state=sign_in(browser, portal, "frank", signed_in))
    page = context.new_page()
    page.goto("/record")
    page.get_by_label("Title").fill("Ten seconds")
    page.get_by_role("button", name="Start recording").click()
    page.wait_for_timeout(10_000)
    page.get_by_role("button", name="Stop recording").click()
    page.wait_for_url(re.compile("/recordings/"))
    address = page.url.removeprefix(portal.url)
    context.close()
    return address


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; SORTIE_SCREENSHOTS names a folder to keep them in."""
    folder = Path(os.environ.get("SORTIE_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
