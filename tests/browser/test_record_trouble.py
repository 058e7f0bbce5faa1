"""What the record page does about trouble: it says so, keeps what it has, and sends it when it can."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_record import HASH_WHAT_IS_RECORDED, saved

# Noise, which no codec makes small.
NOISE = """
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH; canvas.height = HEIGHT;
  const pen = canvas.getContext("2d");
  setInterval(() => {
    const noise = pen.createImageData(WIDTH, HEIGHT);
    const words = new Uint32Array(noise.data.buffer);
    for (let i = 0; i < words.length; i++) words[i] = Math.random() * 2 ** 32 | 0xff000000;
    pen.putImageData(noise, 0, 0);
  }, 100);
  return canvas.captureStream(10);
};
const Real = MediaRecorder;
window.MediaRecorder = class extends Real {
  constructor(stream, options) { super(stream, { ...options, videoBitsPerSecond: BITS }); }
};
"""


def noise(*, bits: int, size: tuple[int, int]) -> str:
    """A script that has a page record so many bits of it a second; a keyframe has about a byte for each pixel."""
    return NOISE.replace("BITS", str(bits)).replace("WIDTH", str(size[0])).replace("HEIGHT", str(size[1]))


def answering(status: int, detail: str = "") -> Callable[[Route], None]:
    """The server's answer to everything; 0: there is none."""
    body = json.dumps({"detail": detail}) if detail else ""

    def answer(route: Route) -> None:
        if status:
            route.fulfill(status=status, body=body, content_type="application/problem+json")
        else:
            route.abort()

    return answer


@pytest.mark.parametrize(
    ("status", "detail", "words"),
    [
        (0, "", "Sortie cannot be reached. What is not sent yet is kept in this browser"),
        (500, "", "Sortie answered with error 500. What is not sent yet is kept in this browser"),
        (507, "The portal's disk is full.", "The portal's disk is full. What is not sent yet is kept"),
        (401, "", "You were signed out. What is not sent yet is kept in this browser"),
    ],
)
def test_trouble_is_told_and_when_it_is_over_all_is_sent(
    open_page: OpenPage, tmp_path: Path, status: int, detail: str, words: str
) -> None:
    page = open_page("/record", as_user="bob", expected="ERR_FAILED|status of", before=HASH_WHAT_IS_RECORDED)
    page.route("**/api/uploads/*", answering(status, detail))
    page.get_by_role("button", name="Start recording").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text(words)
    expect(page.locator("[data-safe]")).to_have_text("0.0 MB")
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sending your recording")
    page.unroute("**/api/uploads/*")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_url(re.compile(r"/recordings/"))
    page.get_by_label("More", exact=True).click()
    with page.expect_download() as original:
        page.get_by_role("link", name="Download original").click()
    uploaded = saved(original.value, tmp_path / "original.webm").read_bytes()
    assert hashlib.sha256(uploaded).hexdigest() == page.evaluate("sessionStorage.sent")


@pytest.mark.parametrize(
    ("status", "detail", "words"),
    [
        (413, "Recording too large (max 3 MB)", "Recording too large (max 3 MB). All"),
        (415, "That is no WebM.", "That is no WebM. All"),
    ],
)
def test_a_refused_recording_is_kept(
    open_page: OpenPage, tmp_path: Path, status: int, detail: str, words: str
) -> None:
    page = open_page("/record", as_user="bob", expected="status of", before=HASH_WHAT_IS_RECORDED)
    page.get_by_label("Title").fill("Kept: all of it")
    page.route("**/api/uploads/*", answering(status, detail))
    page.get_by_role("button", name="Start recording").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text(words)
    expect(problem).to_contain_text("are kept in this browser")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the file").click()
    assert download.value.suggested_filename == "Kept all of it.webm"
    file = saved(download.value, tmp_path / "kept.webm").read_bytes()
    assert hashlib.sha256(file).hexdigest() == page.evaluate("sessionStorage.sent")

    page.unroute("**/api/uploads/*")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url(re.compile(r"/recordings/"))
    expect(page.locator("video")).to_be_visible()


def test_an_unsent_recording_can_be_discarded(open_page: OpenPage) -> None:
    page = open_page("/record", as_user="carol", expected="status of 413")
    page.route("**/api/uploads/*", answering(413))
    page.get_by_label("Title").fill("Never mind")
    page.get_by_role("button", name="Start recording").click()
    page.get_by_role("button", name="Discard").click()
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Start recording")).to_be_visible()
    page.goto("/?q=Never+mind")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    expect(page.locator("[data-leftover]")).to_be_hidden()


def test_a_pause_is_not_recorded(open_page: OpenPage) -> None:
    page = open_page("/record", as_user="bob")
    page.get_by_role("button", name="Start recording").click()
    expect(page.locator("[data-elapsed]")).to_have_text("0:02")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Paused")
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    # All that was recorded is safe although nothing more comes.
    expect(page.locator("[data-waiting]")).to_have_text("0.0 MB")
    page.wait_for_timeout(4000)
    page.get_by_role("button", name="Resume").click()
    page.wait_for_timeout(2000)
    page.get_by_role("button", name="Stop recording").click()
    page.wait_for_url(re.compile(r"/recordings/"))
    expect(page.locator("video")).to_have_js_property("readyState", 4)
    assert 3 < page.locator("video").evaluate("video => video.duration") < 6


def test_a_browser_without_room_waits_and_marks_the_gap(open_page: OpenPage) -> None:
    little = "navigator.storage.estimate = async () => ({ quota: 0, usage: 0 });"
    page = open_page(
        "/record", as_user="bob", expected="ERR_FAILED", before=noise(bits=3_000_000, size=(480, 270)) + little
    )
    page.route("**/api/uploads/*", answering(0))
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Waiting for Sortie")
    expect(page.get_by_role("alert")).to_contain_text("this browser cannot keep more of what is not sent yet")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    stands = page.locator("[data-elapsed]").inner_text()
    page.wait_for_timeout(1500)
    assert page.locator("[data-elapsed]").inner_text() == stands
    page.unroute("**/api/uploads/*")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recording")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Stop recording").click()
    page.wait_for_url(re.compile(r"/recordings/"))
    expect(page.get_by_text(re.compile(r"^0:0\d missing here"))).to_be_visible()
    expect(page.locator("video")).to_have_js_property("readyState", 4)


def test_without_a_disk_the_page_says_what_is_at_risk(open_page: OpenPage) -> None:
    page = open_page(
        "/record",
        as_user="bob",
        before="IDBFactory.prototype.open = () => { throw new DOMException('', 'InvalidStateError'); };",
    )
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("alert")).to_contain_text("keep nothing on its disk")
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Stop recording").click()
    page.wait_for_url(re.compile(r"/recordings/"))
    expect(page.locator("video")).to_be_visible()


def test_recording_stops_before_it_becomes_too_large(open_page: OpenPage) -> None:
    page = open_page(
        "/record",
        as_user="bob",
        before=noise(bits=8_000_000, size=(1280, 720)),
    )
    page.get_by_role("button", name="Start recording").click()
    page.wait_for_url(re.compile(r"/recordings/"), timeout=60_000)
    facts = page.locator("#details").inner_text()
    size = int(re.search(r"\(([\d,]+) bytes\)", facts)[1].replace(",", ""))  # type: ignore[index]
    assert 2**20 < size <= 3 * 2**20
