"""Chromium itself knows the length of a recording at once and gets to 90 % of it by the index."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

import pytest
from playwright.sync_api import Browser, Page

from tests import webm_builder as build
from tests.browser.range_server import Served, serving
from tests.test_webm import make_seekable, scan_of
from tests.webm_samples import looped, samples

_PLAY = """
async ([source, part]) => {
  const video = document.querySelector('video');
  const next = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, {once: true});
    video.addEventListener('error', () => reject(new Error(video.error.message)), {once: true});
  });
  video.src = source;
  await next('loadedmetadata');
  const {duration} = video;
  const seekable = video.seekable.end(0);
  const began = performance.now();
  const arrived = next('seeked');
  video.currentTime = Number.isFinite(duration) ? duration * part : 0;
  await arrived;
  const milliseconds = performance.now() - began;
  const landed = video.currentTime;
  const size = [video.videoWidth, video.videoHeight];
  const ended = next('ended');
  if (Number.isFinite(duration)) {
    video.playbackRate = 8;
    await video.play();
    if (duration < 60) await ended;
  }
  return {
    duration: Number.isFinite(duration) ? duration : -1, seekable: Number.isFinite(seekable) ? seekable : -1,
    landed, milliseconds, size, end: video.currentTime,
  };
}
"""


class Played(TypedDict):
    duration: float  # seconds, -1 for infinite
    seekable: float
    landed: float
    milliseconds: float
    size: list[int]
    end: float


@pytest.fixture
def page(launch: Callable[..., Browser]) -> Iterator[Page]:
    opened = launch().new_page()
    yield opened
    opened.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as server:
        yield server


def play(page: Page, served: Served, path: Path) -> Played:
    page.goto(served.address)
    played: Played = page.evaluate(_PLAY, [path.name, 0.9])
    return played


@pytest.mark.parametrize("name", ["vp8", "vp9_opus", "av1_opus", "alpha", "paused", "audio"])
def test_length_is_known_at_once_and_seeking_lands(name: str, page: Page, served: Served, tmp_path: Path) -> None:
    data = samples()[name].read_bytes()
    (tmp_path / "live.webm").write_bytes(data)
    assert play(page, served, tmp_path / "live.webm")["duration"] == -1
    path = build.staged(tmp_path, data).rename(tmp_path / "stored.webm")
    make_seekable(path)
    scan = scan_of(path)
    played = play(page, served, path)
    assert played["duration"] == pytest.approx(scan.duration_ms / 1000, abs=0.001)
    assert played["seekable"] == played["duration"]
    assert played["landed"] == pytest.approx(0.9 * played["duration"], abs=0.1)
    assert played["end"] == pytest.approx(played["duration"], abs=0.1)
    assert played["size"] == [scan.width, scan.height]


def test_cut_recording_plays_to_its_end(page: Page, served: Served, tmp_path: Path) -> None:
    path = build.staged(tmp_path, samples()["vp9_opus"].read_bytes()[:-700]).rename(tmp_path / "cut.webm")
    make_seekable(path)
    played = play(page, served, path)
    assert played["end"] == pytest.approx(scan_of(path).duration_ms / 1000, abs=0.1)


def test_second_recording_is_not_played(page: Page, served: Served, tmp_path: Path) -> None:
    data = samples()["vp8_opus"].read_bytes() + samples()["vp9_opus"].read_bytes()
    path = build.staged(tmp_path, data).rename(tmp_path / "two.webm")
    make_seekable(path)
    played = play(page, served, path)
    assert played["end"] == pytest.approx(scan_of(samples()["vp8_opus"]).duration_ms / 1000, abs=0.1)


def test_damaged_recording_is_played_past_the_damage(page: Page, served: Served, tmp_path: Path) -> None:
    data = samples()["busy"].read_bytes()
    middle = len(data) // 2
    spoilt = data[:middle] + bytes(20_000) + data[middle + 20_000 :]
    path = build.staged(tmp_path, spoilt).rename(tmp_path / "damaged.webm")
    make_seekable(path)
    played = play(page, served, path)
    assert played["landed"] == pytest.approx(0.9 * played["duration"], abs=0.1)
    assert played["end"] == pytest.approx(scan_of(samples()["busy"]).duration_ms / 1000, abs=0.1)


def test_long_recording_is_sought_by_its_index(page: Page, served: Served, tmp_path: Path) -> None:
    path = tmp_path / "long.webm"
    room = 256 * 1024
    seconds = looped(samples()["busy"], path, seconds=1800, room=room)
    make_seekable(path, room=room)
    played = play(page, served, path)
    assert played["duration"] == pytest.approx(seconds, abs=2)
    assert played["landed"] == pytest.approx(0.9 * played["duration"], abs=0.1)
    assert math.isfinite(played["milliseconds"])
    assert served.sent < path.stat().st_size / 2
