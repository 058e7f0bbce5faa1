"""The page of a terminal recording: it is watched as a video is, and its text is text."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, until
from tests.browser.portal import Portal
from tests.terminal.build import cast, version_3

# What a page shows does not depend on what keeps it.
pytestmark = pytest.mark.only("single")

AT = "player => player.currentTime"


@pytest.fixture(scope="module")
def rollout(portal: Portal) -> str:
    pk = portal.stock("terminal", "frank", title="Rollout")
    return f"/recordings/{pk}"


def one_of(portal: Portal, folder: Path, data: bytes, title: str) -> str:
    """The address of a recording of frank's with these bytes."""
    path = folder / "some.cast"
    path.write_bytes(data)
    pk = portal.stock("terminal", "frank", json.dumps({"title": title}), str(path))
    return f"/recordings/{pk}"


def player_of(page: Page) -> Locator:
    player = page.locator("cast-player")
    until(player, "player => player.readyState >= 2")
    return player


def near(player: Locator, seconds: float) -> None:
    until(player, f"player => !player.seeking && Math.abs(player.currentTime - {seconds}) < 0.3")


def shown(page: Page) -> str:
    lines = page.locator(".ap-line").all_text_contents()
    return "\n".join(line.rstrip() for line in lines).rstrip()


def test_keys_do_what_they_do_for_a_video(open_page: OpenPage, rollout: str) -> None:
    page = open_page(rollout, as_user="frank")
    player = player_of(page)
    end = player.evaluate("player => player.duration")
    page.keyboard.press("Space")
    until(player, "player => !player.paused && player.currentTime > 0.3")
    page.keyboard.press("k")
    until(player, "player => player.paused")
    for key, place in (("0", 0), ("ArrowRight", 5), ("l", 15), ("j", 5), ("ArrowLeft", 0), ("5", end / 2)):
        page.keyboard.press(key)
        near(player, place)
    assert "Waiting for rollout: 2 of 3" in shown(page)
    page.keyboard.press(",")
    until(player, f"player => player.currentTime < {end / 2 - 1}")
    assert "Waiting for rollout: 2 of 3" in shown(page)
    page.keyboard.press(",")
    until(player, f"player => player.currentTime < {end / 2 - 10}")
    assert "Waiting for rollout: 2 of 3" not in shown(page)
    page.keyboard.press(".")
    page.keyboard.press(">")
    until(player, "player => player.playbackRate === 1.25")
    page.keyboard.press("f")
    until(player, "() => document.fullscreenElement !== null")
    page.keyboard.press("f")
    until(player, "() => document.fullscreenElement === null")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Skip idle time")


def test_before_it_is_played_there_is_something_to_see(open_page: OpenPage, rollout: str) -> None:
    page = open_page(rollout, as_user="frank")
    player = player_of(page)
    assert "Waiting for rollout: 2 of 3" in shown(page)
    assert player.evaluate(AT) == 0
    page.keyboard.press("k")
    until(player, "player => !player.paused")
    expect(page.locator("cast-player .ap-line").filter(has_text="Waiting for rollout")).to_have_count(0)


def test_a_link_opens_at_its_moment_and_shows_the_screen_of_then(open_page: OpenPage, rollout: str) -> None:
    page = open_page(f"{rollout}?t=3m12s", as_user="frank")
    player = player_of(page)
    near(player, 192)
    assert shown(page).splitlines()[-2:] == [
        "error: deployment exceeded its progress deadline",
        "deploy@bastion-1:~/web$",
    ]
    expect(page.get_by_role("button", name="Copy link at 3:12")).to_be_visible()
    page.get_by_role("link", name="3:09").click()
    near(player, 189)
    page.keyboard.press("0")
    page.wait_for_url(rollout)
    assert shown(page) == ""


def test_idle_time_is_skipped_unless_somebody_wants_it(open_page: OpenPage, rollout: str) -> None:
    page = open_page(f"{rollout}?t=20s", as_user="frank")
    player = player_of(page)
    near(player, 20)
    page.keyboard.press("k")
    until(player, "player => player.currentTime > 180")
    expect(page.locator("[data-skipped]")).to_contain_text("Skipped 2 min")
    page.keyboard.press("k")
    button = page.get_by_role("button", name="Skip idle")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("i")
    expect(button).to_have_attribute("aria-pressed", "false")
    player.evaluate("player => { player.currentTime = 60; }")
    near(player, 60)
    page.keyboard.press("k")
    until(player, "player => player.currentTime > 61")
    assert player.evaluate(AT) < 170
    page.reload()
    expect(page.get_by_role("button", name="Skip idle")).to_have_attribute("aria-pressed", "false")


def test_it_ends_and_begins_again(open_page: OpenPage, rollout: str) -> None:
    page = open_page(f"{rollout}?t=4m22s", as_user="frank")
    player = player_of(page)
    page.keyboard.press("k")
    until(player, "player => player.ended")
    assert player.evaluate("player => player.currentTime === player.duration")
    page.keyboard.press("k")
    until(player, "player => !player.ended && player.currentTime > 0.2 && player.currentTime < 60")
    expect(page.locator(".ap-line").filter(has_text="deploy@bastion-1").first).to_be_visible()


def test_a_click_plays_and_text_is_selected_and_copied_as_lines(open_page: OpenPage, rollout: str) -> None:
    page = open_page(f"{rollout}?t=10s", as_user="frank", permissions=["clipboard-read", "clipboard-write"])
    player = player_of(page)
    near(player, 10)
    player.click(position={"x": 300, "y": 200})
    until(player, "player => !player.paused")
    player.click(position={"x": 300, "y": 200})
    until(player, "player => player.paused")
    lines = page.locator(".ap-line")
    first, third = lines.nth(0).bounding_box(), lines.nth(2).bounding_box()
    assert first
    assert third
    page.mouse.move(first["x"] + 1, first["y"] + 6)
    page.mouse.down()
    page.mouse.move(third["x"] + 1, third["y"] + 6, steps=4)
    page.mouse.up()
    assert player.evaluate("player => player.paused")
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "deploy@bastion-1:~/web$ kubectl set image deploy/web web=web:2.14.0\ndeployment.apps/web image updated\n"
    )


def test_what_a_recording_says_is_never_more_than_text(portal: Portal, open_page: OpenPage, tmp_path: Path) -> None:
    markup = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    tricks = [
        f"{markup}\r\n",
        "\x1b]8;;javascript:alert(3)\x1b\\link\x1b]8;;\x1b\\\r\n",
        "\x1b]52;c;ZXZpbA==\x07copied\r\n",
        f"\x1b]0;{markup}\x07title\r\n",
        "\x1bP+q544e\x1b\\\x1b_evil\x1b\\\x9b31mred\r\n",
    ]
    events = [[i / 10, "o", trick] for i, trick in enumerate(tricks, 1)]
    data = cast(*events, [1, "m", markup], [2, "o", "."], title=markup, command=markup, sortie={"host": markup})
    address = one_of(portal, tmp_path, data, "")
    said: list[str] = []
    page = open_page("/", as_user="frank", permissions=["clipboard-read", "clipboard-write"])
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.add_init_script("addEventListener('securitypolicyviolation', (e) => console.error(e.violatedDirective));")
    page.evaluate("navigator.clipboard.writeText('mine')")
    page.goto(f"{address}?t=2s")
    player = player_of(page)
    near(player, 2)
    text = shown(page)
    assert markup in text
    assert "link\ncopied\ntitle\n" in text
    expect(page.get_by_role("heading", level=1)).to_have_text(markup)
    expect(page.locator("[data-markers] .label")).to_have_text([markup])
    assert page.evaluate("navigator.clipboard.readText()") == "mine"
    assert page.locator("cast-player a, cast-player img, cast-player script").count() == 0
    assert said == []


def test_sizes_themes_and_versions_are_those_of_the_recording(
    portal: Portal, open_page: OpenPage, tmp_path: Path
) -> None:
    theme = {"fg": "#101010", "bg": "#fafafa", "palette": ":".join(f"#0000{n:x}0" for n in range(8))}
    events = [[0.1, "o", "\x1b[34mblue\x1b[0m 漢字 ├──\r\n"], [1, "r", "40x10"], [1, "o", "small\r\n"]]
    address = one_of(
        portal, tmp_path, version_3(*events, [9, "o", "."], term={"cols": 80, "rows": 24, "theme": theme}), "Themed"
    )
    page = open_page(f"{address}?t=0.5s", as_user="frank")
    player = player_of(page)
    near(player, 0.5)
    assert shown(page).startswith("blue 漢字")
    assert page.locator(".ap-line").count() == 24
    ground = page.locator(".ap-player").evaluate("node => getComputedStyle(node).backgroundColor")
    assert ground == "rgb(250, 250, 250)"
    player.evaluate("player => { player.currentTime = 3; }")
    near(player, 3)
    until(page.locator("cast-player"), "player => player.querySelectorAll('.ap-line').length === 10")
    assert "small" in shown(page)


def test_its_colours_can_be_others_and_are_remembered(portal: Portal, open_page: OpenPage, tmp_path: Path) -> None:
    theme = {"fg": "#101010", "bg": "#fafafa", "palette": ":".join(f"#0000{n:x}0" for n in range(8))}
    address = one_of(portal, tmp_path, cast([0.1, "o", "hello"], [5, "o", "."], theme=theme), "Bright")
    page = open_page(f"{address}?t=2s", as_user="frank")
    near(player_of(page), 2)
    drawn = page.locator(".ap-player")
    ground = "node => getComputedStyle(node).backgroundColor"
    assert drawn.evaluate(ground) == "rgb(250, 250, 250)"
    page.get_by_label("Colours").select_option("Nord")
    until(drawn, "node => getComputedStyle(node).backgroundColor === 'rgb(46, 52, 64)'")
    assert shown(page) == "hello"
    page.reload()
    near(player_of(page), 2)
    until(drawn, "node => getComputedStyle(node).backgroundColor === 'rgb(46, 52, 64)'")
    page.get_by_label("Colours").select_option("Its own colours")
    until(drawn, "node => getComputedStyle(node).backgroundColor === 'rgb(250, 250, 250)'")


def test_what_is_known_of_it_is_told(open_page: OpenPage, rollout: str) -> None:
    page = open_page(rollout, as_user="frank")
    page.get_by_role("tab", name="Details").click()
    details = page.get_by_role("tabpanel", name="Details")
    for words in ("100 × 28", "bastion-1", "deploy", "/bin/bash", "asciicast 2 by sortie/0.1.0"):  # noqa: RUF001
        expect(details).to_contain_text(words)
    expect(details).to_contain_text(re.compile("Exit status\\s*0"))


def test_a_film_is_made_and_downloaded_from_the_menu(open_page: OpenPage, rollout: str) -> None:
    page = open_page(rollout, as_user="frank")
    player_of(page)
    menu = page.get_by_label("More", exact=True)
    menu.click()
    page.get_by_role("button", name="Make MP4 video").click()
    expect(page.get_by_role("button", name="Making MP4 video")).to_be_visible()
    expect(page.get_by_role("button", name="Make GIF")).to_be_visible()
    made = page.get_by_role("button", name="Download MP4 video")
    expect(made).to_contain_text(" MB", timeout=120_000)
    expect(page.locator(".toast")).to_contain_text("The MP4 video is made.")
    with page.expect_download() as download:
        made.click()
    assert download.value.path().read_bytes()[4:8] == b"ftyp"
    page.reload()
    player_of(page)
    menu.click()
    expect(made).to_be_visible()
