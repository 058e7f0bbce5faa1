"""The page of a session, with a real desktop behind the real bridge."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser import desktop as desktops
from tests.browser.conftest import OpenPage, until
from tests.browser.desktop import PASSWORD, Desktop
from tests.browser.portal import Portal
from tests.browser.test_looks import look_at, look_in_every_way
from tests.browser.test_never_lost import MOST_LOST, bar, crash, facts, wait_for

# What a browser says of connections that are refused, or end.
NETWORK = "WebSocket|ERR_|Failed when connecting|status of 5"


@pytest.fixture
def session(impatient: Portal, desktop: Desktop) -> str:
    """The address of a session of alice's."""
    pk = impatient.stock("desktop", "alice", "Build box", desktop.target, desktop.password)
    return f"/sessions/{pk}"


def connected(page: Page) -> None:
    expect(page.locator("[data-session]")).to_have_attribute("data-connection", "open")


def start(page: Page) -> str:
    with page.expect_response(re.compile("/recording/start")) as started:
        page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("button", name="Stop recording")).to_be_visible()
    return str(started.value.json()["recording_id"])


def colours(page: Page) -> int:
    """How many different ones the desktop shows: one, if there is nothing to see."""
    return int(
        page.evaluate(
            """() => {
              const canvas = document.querySelector("[data-desktop] canvas");
              const copy = document.createElement("canvas");
              [copy.width, copy.height] = [canvas.width, canvas.height];
              const pen = copy.getContext("2d");
              pen.drawImage(canvas, 0, 0);
              const { data } = pen.getImageData(0, 0, copy.width, copy.height);
              return new Set(new Uint32Array(data.buffer)).size;
            }"""
        )
    )


def wait_for_it(page: Page, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "It did not come true."
        page.wait_for_timeout(50)


def test_a_desktop_is_shown_and_recorded(open_page: OpenPage, impatient: Portal, session: str) -> None:
    page = open_page(session, at=impatient)
    frames: list[bytes] = []

    def keep(data: bytes | str) -> None:
        frames.append(data if isinstance(data, bytes) else data.encode())

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", keep)
        socket.on("framesent", keep)

    page.on("websocket", listen)
    page.reload()
    connected(page)
    page.wait_for_timeout(500)
    assert colours(page) > 1
    assert not [frame for frame in frames if PASSWORD.encode() in frame]
    assert PASSWORD not in page.content()
    recording = start(page)
    began = time.monotonic()
    stop = page.get_by_role("button", name="Stop recording")
    page.mouse.move(640, 500)
    page.wait_for_timeout(300)
    assert stop.evaluate("button => getComputedStyle(button).backgroundColor") == "rgb(200, 30, 30)"
    page.wait_for_timeout(4000)
    expect(page.locator("[data-safe]")).not_to_have_text("0.0 MB")
    lasted = time.monotonic() - began
    stop.click()
    page.get_by_role("link", name="Watch it").click()
    page.wait_for_url(f"**/recordings/{recording}")
    found = facts(page, recording)
    assert (found["width"], found["height"]) == (1024, 768)
    assert found["duration_seconds"] == pytest.approx(lasted, abs=MOST_LOST)
    assert not found["incomplete"]
    until(page.locator("video"), "video => video.readyState === 4")


def test_an_idle_desktop_has_a_recording_as_long_as_the_session(open_page: OpenPage, impatient: Portal) -> None:
    with desktops.running(moving=False) as idle:
        pk = impatient.stock("desktop", "alice", "Idle", idle.target)
        page = open_page(f"/sessions/{pk}", at=impatient)
        connected(page)
        recording = start(page)
        page.wait_for_timeout(5000)
        page.get_by_role("button", name="Stop recording").click()
        expect(page.get_by_role("link", name="Watch it")).to_be_visible()
        assert facts(page, recording)["duration_seconds"] == pytest.approx(5, abs=MOST_LOST)


def test_auto_record_is_switched_without_restart(open_page: OpenPage, impatient: Portal, session: str) -> None:
    page = open_page(session, at=impatient)
    connected(page)
    page.wait_for_timeout(1000)
    expect(page.get_by_role("button", name="Stop recording")).to_be_hidden()
    impatient.stock("auto_record", "on")
    try:
        page.reload()
        connected(page)
        expect(page.get_by_role("button", name="Stop recording")).to_be_visible()
        page.wait_for_timeout(2500)
        page.get_by_role("button", name="Stop recording").click()
        expect(page.get_by_role("link", name="Watch it")).to_be_visible()
        # Stopped by hand, it stays so.
        page.wait_for_timeout(500)
        expect(page.get_by_role("button", name="Start recording")).to_be_visible()
    finally:
        impatient.stock("auto_record", "off")


def test_a_killed_tab_loses_two_seconds_of_a_desktop(open_page: OpenPage, impatient: Portal, session: str) -> None:
    page = open_page(session, at=impatient)
    connected(page)
    recording = start(page)
    began = time.monotonic()
    page.wait_for_timeout(4500)
    lasted = time.monotonic() - began
    crash(page)
    again = page.context.new_page()
    again.goto("/sessions")
    expect(bar(again, "Build box")).to_be_visible()
    again.get_by_role("button", name="Finish").click()
    expect(again.get_by_text("“Build box” is complete.")).to_be_visible()
    assert wait_for(again, recording)["duration_seconds"] > lasted - MOST_LOST


def test_the_end_of_the_session_closes_the_desktop_and_keeps_the_recording(
    open_page: OpenPage, impatient: Portal, session: str
) -> None:
    page = open_page(session, at=impatient)
    connected(page)
    recording = start(page)
    page.wait_for_timeout(2000)
    other = page.context.new_page()
    other.goto(session)
    connected(other)
    other.get_by_role("button", name="End session").click()
    other.get_by_role("dialog").get_by_role("button", name="End session").click()
    other.wait_for_url("**/sessions")
    expect(page.locator("[data-session]")).to_have_attribute("data-connection", "over")
    expect(page.get_by_text("The session is over.")).to_be_visible()
    expect(page.get_by_role("link", name="Watch it")).to_be_visible()
    assert wait_for(page, recording)["incomplete"] is False
    page.reload()
    expect(page.get_by_text("This session has ended.")).to_be_visible()


def test_a_desktop_that_goes_away_is_told_and_tried_again(open_page: OpenPage, impatient: Portal) -> None:
    with desktops.running() as started:
        pk = impatient.stock("desktop", "alice", "Short", started.target)
        page = open_page(f"/sessions/{pk}", at=impatient, expected=NETWORK)
        connected(page)
    # The first sentence stands for a second only.
    told = re.compile("The desktop (closed the connection|cannot be reached). Trying again in")
    expect(page.get_by_text(told)).to_be_visible()
    expect(page.get_by_text("The desktop cannot be reached. Trying again in")).to_be_visible()
    page.get_by_role("button", name="Try again now").click()
    expect(page.get_by_text("The desktop cannot be reached.")).to_be_visible()


def test_a_wrong_password_is_told(open_page: OpenPage, impatient: Portal, desktop: Desktop) -> None:
    pk = impatient.stock("desktop", "alice", "Wrong", desktop.target, "wrong")
    page = open_page(f"/sessions/{pk}", at=impatient, expected=NETWORK)
    expect(page.get_by_text(re.compile("The desktop refused the password"))).to_be_visible()


def test_keys_go_there_and_the_clipboard_both_ways(open_page: OpenPage, impatient: Portal, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    copy = "printf '\\033]52;pc;%s\\007' $(printf 'from the desktop' | base64)"
    shell = f"read line; echo $line >{heard}; {copy}; cat >>{heard}"
    with desktops.running(moving=False) as there:
        options = ("-xrm", "*allowWindowOps: true", "-geometry", "150x50+0+0")
        terminal = there.run("xterm", *options, "-e", "sh", "-c", shell)
        page = open_page(f"/sessions/{impatient.stock('desktop', 'alice', 'Keys', there.target)}", at=impatient)
        connected(page)
        canvas = page.locator("[data-desktop] canvas")
        wait_for_it(page, lambda: colours(page) > 1)
        canvas.click()
        page.keyboard.type("typed in the browser")
        page.keyboard.press("Enter")
        clipboard = page.get_by_label("Clipboard of the desktop")
        expect(clipboard).to_have_value("from the desktop")
        page.get_by_label("Clipboard", exact=True).click()
        clipboard.fill("from the browser")
        page.get_by_role("button", name="Send to the desktop").click()
        canvas.click()

        def pasted() -> bool:
            # Told of a clipboard, the desktop asks for it: a quick key comes before the answer.
            page.keyboard.press("Shift+Insert")
            page.keyboard.press("Enter")
            page.wait_for_timeout(300)
            return heard.read_text().endswith("\nfrom the browser\n")

        wait_for_it(page, pasted)
        assert heard.read_text().startswith("typed in the browser\n")
        terminal.kill()
        terminal.wait()


def test_without_a_recorder_there_is_no_button(open_page: OpenPage, impatient: Portal, session: str) -> None:
    page = open_page(session, at=impatient, before="delete window.MediaRecorder;")
    connected(page)
    expect(page.get_by_role("button", name="Start recording")).to_have_count(0)


def test_nobody_else_sees_a_session(open_page: OpenPage, impatient: Portal, session: str) -> None:
    page = open_page(session, at=impatient, as_user="bob", expected="status of 40[34]")
    expect(page.get_by_text("404")).to_be_visible()
    page.goto("/sessions")
    expect(page.get_by_text("Build box")).to_have_count(0)
    expect(page.get_by_role("link", name="Add a desktop")).to_have_count(0)
    assert page.goto("/sessions/new").status == 403  # type: ignore[union-attr]


def test_an_admin_adds_a_desktop(open_page: OpenPage, impatient: Portal, desktop: Desktop, pictures: Path) -> None:
    page = open_page("/sessions/new", at=impatient, as_user="ada", expected="status of 400")
    page.get_by_label("Title").fill("From the form")
    page.get_by_label("Owner").select_option("bob")
    page.get_by_label("VNC server").fill("nowhere")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("must be host:port, or the path of a Unix socket")).to_be_visible()
    look_at(page, pictures / "session-add-wrong.png")
    page.get_by_label("VNC server").fill(desktop.target)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Add", exact=True).click()
    connected(page)
    assert PASSWORD not in page.content()
    expect(page.locator("[data-session]")).to_have_attribute("data-name", "From the form")


def test_what_sessions_look_like(open_page: OpenPage, impatient: Portal, session: str, pictures: Path) -> None:
    page = open_page(session, at=impatient)
    connected(page)
    look_in_every_way(page, pictures, "session")
    start(page)
    page.mouse.move(200, 600)
    look_in_every_way(page, pictures, "session-recording")
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_role("link", name="Watch it")).to_be_visible()
    page.goto("/sessions")
    look_in_every_way(page, pictures, "sessions")
    for who, path in (("erin", "/sessions"), ("ada", "/sessions/new")):
        look_in_every_way(open_page(path, at=impatient, as_user=who), pictures, f"sessions-{who}")


def test_json_says_auto_only_while_it_is_on(open_page: OpenPage, impatient: Portal, session: str) -> None:
    page = open_page("/", at=impatient)
    shown = page.request.get(f"/api{session}").json()
    assert "recording_policy" not in shown
    assert "password" not in json.dumps(shown)
