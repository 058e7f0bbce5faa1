"""Every page in every state that is worth looking at, and how to get there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from playwright.sync_api import Page, ViewportSize, expect

SIZES: dict[str, ViewportSize] = {"wide": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}


@dataclass(frozen=True)
class View:
    """`who` looks at an address, or at the recording of alice's with this title, and does something there.

    `expected` matches what the console may say.
    """

    who: str | None
    place: str
    act: Callable[[Page], None] | None = None
    expected: str = ""


def in_every_way(page: Page) -> Iterator[str]:
    """Make the page wide and narrow, light and dark; each time, what that is called."""
    for (size, viewport), dark in product(SIZES.items(), (False, True)):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme="dark" if dark else "light")
        # Colours take their time to change.
        page.wait_for_timeout(200)
        yield f"{size}-{'dark' if dark else 'light'}"


def _confirm(page: Page) -> None:
    page.locator("[data-row]").nth(2).locator("summary").click()
    page.get_by_role("button", name="Delete", exact=True).click()


def _select(page: Page) -> None:
    for number in (0, 2):
        page.locator("input[name=id]").nth(number).check()


def _record(page: Page) -> None:
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("button", name="Stop recording")).to_be_visible()


def _fail_to_send(page: Page) -> None:
    page.route("**/api/uploads/*", lambda route: route.fulfill(status=413))
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def _pause(page: Page) -> None:
    _record(page)
    expect(page.locator("[data-elapsed]")).to_have_text("0:02")
    page.get_by_role("button", name="Pause").click()


def _offline(page: Page) -> None:
    page.route("**/api/uploads/*", lambda route: route.abort())
    _record(page)
    expect(page.get_by_role("alert")).to_be_visible()


def _leave_behind(page: Page) -> None:
    _offline(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/")
    page.unroute("**/api/uploads/*")
    expect(page.get_by_role("button", name="Finish")).to_be_visible()


def _refuse(page: Page) -> None:
    page.evaluate(
        """() => {
          navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
        }"""
    )
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _open(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.click()


def _make_token(page: Page) -> None:
    page.get_by_label("Name").fill("Nightly test run")
    page.get_by_role("checkbox", name="upload").check()
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _mistype_password(page: Page) -> None:
    page.get_by_label("Present password").fill("a guess")
    page.get_by_label("New password", exact=True).fill("a-long-enough-password")
    page.get_by_label("New password, again").fill("a-long-enough-password")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("This is not your password.")).to_be_visible()


def _to_the_failure(page: Page) -> None:
    page.get_by_role("link", name="3:09").click()
    expect(page.locator("cast-player")).to_contain_text("exceeded its progress deadline")


def _search_in_transcript(page: Page) -> None:
    _to_the_failure(page)
    page.get_by_role("searchbox", name="Search the transcript").fill("kubectl")
    expect(page.locator("[data-transcript-state]")).to_contain_text("lines say it")


def _connect(page: Page) -> None:
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading", name="This terminal is connected")).to_be_visible()


def _connect_and_list(page: Page) -> None:
    _connect(page)
    page.get_by_role("link", name="in your account").click()
    expect(page.get_by_role("heading", name="Connected terminals")).to_be_visible()


TERMINALS = [f"/connect/{number}147d103-6316-482a-8bbc-7237310b627c" for number in range(3)]
VIEWS = {
    "login": View(None, "/login"),
    "library": View("alice", "/"),
    "library-menu": View("alice", "/", _open("[data-row] summary")),
    "library-account": View("alice", "/", _open(".bar summary")),
    "library-dates": View("alice", "/?status=ready", _open(".chip:has-text('Date')")),
    "library-selected": View("alice", "/", _select),
    "library-confirm": View("alice", "/", _confirm),
    "library-empty": View("erin", "/"),
    "library-nothing": View("alice", "/?q=no+such+thing"),
    "library-found": View("alice", "/?q=deploy"),
    "library-everyone": View("ada", "/?everyone=1"),
    "library-many": View("dave", "/"),
    "deleted": View("alice", "/deleted"),
    "record": View("bob", "/record"),
    "record-refused": View("bob", "/record", _refuse),
    "record-running": View("bob", "/record", _record),
    "record-paused": View("bob", "/record", _pause),
    "record-offline": View("bob", "/record", _offline, expected="ERR_FAILED"),
    "left-behind": View("bob", "/record", _leave_behind, expected="ERR_FAILED"),
    "record-stuck": View("bob", "/record", _fail_to_send, expected="status of 413"),
    "player-recording": View("alice", "Certificate rotation"),
    "player-uploading": View("alice", "Load test of the new queue"),
    "player-failed": View("alice", "Failover drill"),
    "player-lost": View("alice", "Staging shell", expected="status of 410"),
    "player-terminal": View("alice", "kubectl rollout on bastion-1", _to_the_failure),
    "player-transcript": View("alice", "kubectl rollout on bastion-1", _search_in_transcript),
    "player-held": View("alice", "Access review", expected="status of 410"),
    "account": View("alice", "/account"),
    "account-token-made": View("carol", "/account", _make_token),
    "account-mistake": View("dave", "/account", _mistype_password, expected="status of 400"),
    "connect": View("alice", TERMINALS[0]),
    "connect-done": View("bob", TERMINALS[1], _connect),
    "account-terminals": View("bob", TERMINALS[2], _connect_and_list),
    "api-docs": View(None, "/api/docs"),
    "not-found": View("alice", "/nothing-here", expected="status of 404"),
}
