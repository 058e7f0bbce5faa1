"""Recording for real: a tab with sound goes in, and what comes out is what the browser sent."""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Download, Page, expect

from tests.browser.conftest import OpenPage, until

# A tab in which something moves and sounds, for others to record.
ORCHESTRA = """
<title>Orchestra</title><canvas width=640 height=360></canvas><script>
const pen = document.querySelector("canvas").getContext("2d");
let at = 0;
setInterval(() => {
  pen.fillStyle = `hsl(${at++ * 7} 70% 50%)`;
  pen.fillRect(at * 11 % 600, at * 5 % 320, 40, 40);
}, 50);
const sound = new AudioContext();
const tone = sound.createOscillator();
tone.connect(sound.destination);
tone.start();
</script>
"""
# A real tab, with real sound, is what Chromium is made to choose here: no fake device.
TAB = ("--auto-select-tab-capture-source-by-title=Orchestra",)

# Remembers the SHA-256 of all that the last recorder wrote.
HASH_WHAT_IS_RECORDED = """
const Plain = MediaRecorder;
window.MediaRecorder = class extends Plain {
  constructor(...all) {
    super(...all);
    const chunks = [];
    this.addEventListener("dataavailable", ({ data }) => chunks.push(data));
    this.addEventListener("stop", async () => {
      const digest = await crypto.subtle.digest("SHA-256", await new Blob(chunks).arrayBuffer());
      sessionStorage.sent = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    });
  }
};
"""


def record(page: Page, seconds: float) -> None:
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("button", name="Stop recording")).to_be_visible()
    page.wait_for_timeout(seconds * 1000)
    page.get_by_role("button", name="Stop recording").click()


def saved(download: Download, to: Path) -> Path:
    download.save_as(to)
    return to


def probed(file: Path) -> tuple[float, dict[str, dict[str, Any]]]:
    """Duration in seconds and streams by kind, as ffprobe sees them."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(file)],
        check=True,
        capture_output=True,
    )
    found = json.loads(done.stdout)
    return float(found["format"]["duration"]), {stream["codec_type"]: stream for stream in found["streams"]}


def loudness(file: Path) -> float:
    """Mean volume in dB; silence is below -90."""
    done = subprocess.run(
        ["ffmpeg", "-i", str(file), "-vn", "-af", "volumedetect", "-f", "null", "-"],
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"mean_volume: (-?[\d.]+) dB", done.stderr)
    assert found, done.stderr
    return float(found[1])


def test_a_tab_with_sound_is_recorded_played_and_downloaded(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("/record", as_user="bob", flags=TAB, before=HASH_WHAT_IS_RECORDED)
    orchestra = page.context.new_page()
    orchestra.set_content(ORCHESTRA)
    page.bring_to_front()
    page.get_by_label("Title").fill("The orchestra")
    page.get_by_role("radio", name="Tab").check()
    record(page, 6)

    page.wait_for_url(re.compile(r"/recordings/[0-9a-f-]{36}"))
    expect(page.get_by_role("heading", level=1)).to_have_text("The orchestra")
    video = page.locator("video")
    expect(video).to_have_js_property("readyState", 4)
    duration = video.evaluate("video => video.duration")
    assert 4 < duration < 9
    # It plays by itself, having been recorded just now; then 90 % of it is one jump away.
    until(video, "video => video.currentTime > 0.2")
    page.keyboard.press("9")
    until(video, "video => video.currentTime >= video.duration * 0.9 && !video.seeking")

    with page.expect_download() as seekable:
        page.get_by_role("link", name="Download").click()
    assert seekable.value.suggested_filename == "The orchestra.webm"
    file = saved(seekable.value, tmp_path / "seekable.webm")
    length, streams = probed(file)
    assert streams.keys() == {"video", "audio"}
    assert (streams["video"]["width"], streams["video"]["height"]) == (1280, 860)
    assert loudness(file) > -40
    assert length == pytest.approx(duration, abs=0.2)

    page.get_by_label("More", exact=True).click()
    with page.expect_download() as original:
        page.get_by_role("link", name="Download original").click()
    uploaded = saved(original.value, tmp_path / "original.webm").read_bytes()
    sent = page.evaluate("sessionStorage.sent")
    assert hashlib.sha256(uploaded).hexdigest() == sent
    expect(page.locator("#details")).to_contain_text(sent)


def test_the_page_says_that_it_records(open_page: OpenPage) -> None:
    page = open_page("/record", as_user="bob")
    page.get_by_role("button", name="Start recording").click()
    stop = page.get_by_role("button", name="Stop recording")
    expect(stop).to_be_focused()
    expect(page.locator("[data-announcer]")).to_have_text("Recording.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recording")
    red = stop.evaluate("button => getComputedStyle(button).backgroundColor")
    assert red == "rgb(200, 30, 30)"
    expect(page.locator("[data-elapsed]")).to_have_text(re.compile("0:0[2-9]"))
    expect(page).to_have_title(re.compile("● 0:0[2-9] recording"))
    expect(page.locator("[data-preview]")).to_have_js_property("paused", False)
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_event("dialog") as asked:
        page.goto("/")
    assert asked.value.type == "beforeunload"


def test_leaving_while_recording_ends_the_recording(open_page: OpenPage) -> None:
    page = open_page("/record", as_user="bob")
    page.get_by_label("Title").fill("Left alone")
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("button", name="Stop recording")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/?q=Left+alone")
    expect(page.locator("[data-row]").first).to_have_attribute("data-status", "uploading")


def test_the_end_of_sharing_ends_the_recording(open_page: OpenPage) -> None:
    page = open_page("/record", as_user="bob")
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("button", name="Stop recording")).to_be_visible()
    page.wait_for_timeout(2000)
    # As the browser's own "Stop sharing" does it, which no script can press.
    page.evaluate(
        """() => { for (const track of document.querySelector("video").srcObject.getTracks()) {
          track.stop(); track.dispatchEvent(new Event("ended")); } }"""
    )
    page.wait_for_url(re.compile(r"/recordings/"))


REFUSALS = {
    "NotAllowedError": "the screen was not shared",
    "NotReadableError": "did not hand over the picture",
    "NotFoundError": "no screen or window to share",
    "AbortError": "could not share this (AbortError)",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_screen_is_explained(open_page: OpenPage, name: str) -> None:
    page = open_page(
        "/record",
        as_user="bob",
        before=f"navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException('', '{name}'));",
    )
    page.get_by_role("button", name="Start recording").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("Nothing is being recorded")
    expect(problem).to_contain_text(REFUSALS[name])
    expect(page.get_by_role("button", name="Start recording")).to_be_enabled()


def test_a_refused_microphone_is_explained_and_the_screen_let_go(open_page: OpenPage) -> None:
    page = open_page(
        "/record",
        as_user="bob",
        before="""
        const ask = MediaDevices.prototype.getDisplayMedia;
        MediaDevices.prototype.getDisplayMedia = async function (wish) {
          return (window.got = await ask.call(this, wish));
        };
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
        """,
    )
    page.get_by_text("Microphone").click()
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("alert")).to_contain_text("the microphone was not allowed")
    assert page.evaluate("window.got.getTracks().map(track => track.readyState)") == ["ended", "ended"]


def test_the_microphone_is_mixed_in(open_page: OpenPage) -> None:
    page = open_page("/record", as_user="bob")
    switch = page.get_by_role("switch", name="Microphone")
    expect(switch).not_to_be_checked()
    page.get_by_text("Microphone").click()
    record(page, 3)
    page.wait_for_url(re.compile(r"/recordings/"))
    expect(page.locator("#details")).to_contain_text("Opus")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("delete window.MediaRecorder;", "cannot record video as WebM"),
        ("MediaRecorder.isTypeSupported = () => false;", "cannot record video as WebM"),
        ("delete MediaDevices.prototype.getDisplayMedia;", "cannot share a screen"),
        ("Object.defineProperty(window, 'isSecureContext', { value: false });", "over https"),
    ],
)
def test_a_browser_that_cannot_record_is_told_so(open_page: OpenPage, script: str, words: str) -> None:
    page = open_page("/record", as_user="bob", before=script)
    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.get_by_role("button", name="Start recording")).to_be_disabled()


def test_vp8_is_used_where_there_is_no_vp9(open_page: OpenPage) -> None:
    page = open_page(
        "/record",
        as_user="bob",
        before="const can = MediaRecorder.isTypeSupported; "
        "MediaRecorder.isTypeSupported = (type) => !type.includes('vp9') && can.call(MediaRecorder, type);",
    )
    record(page, 2)
    page.wait_for_url(re.compile(r"/recordings/"))
    expect(page.locator("#details")).to_contain_text("VP8")


def test_nothing_is_recorded_while_the_portal_is_away(open_page: OpenPage) -> None:
    page = open_page("/record", as_user="bob", expected="ERR_FAILED")
    page.route("**/api/sessions", lambda route: route.abort())
    page.get_by_role("button", name="Start recording").click()
    expect(page.get_by_role("alert")).to_contain_text("Sortie cannot be reached")
    expect(page.locator("[data-preview]")).to_be_hidden()
