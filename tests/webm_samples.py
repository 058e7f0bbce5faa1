"""Real recordings: Chromium's MediaRecorder makes them, once in a test run. `samples()[name]` is a file's path.

    vp8 vp9 av1, vp8_opus vp9_opus av1_opus   an opaque canvas at 20 frames a second, without and with sound
    alpha                                     VP8 and Opus from a canvas with transparency: frames in BlockGroups
    paused                                    VP9 and Opus, one second of pause in the middle
    audio                                     Opus alone
    busy                                      VP9 and Opus, noise: frames as large as those of a lively screen
    h264 mp4                                  what MediaRecorder makes besides WebM

`looped` makes a long one out of any of them. Run as a program, it records into the folder it is given.
"""

import atexit
import base64
import fcntl
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

NAMES = ["vp8", "vp9", "av1", "vp8_opus", "vp9_opus", "av1_opus", "alpha", "paused", "audio", "busy", "h264", "mp4"]
SECONDS = 4.5
PAUSE_SECONDS = 1.0
WIDTH, HEIGHT = 640, 360
LEAST_BYTES = 5_000
# On a busy machine a browser that records all at once encodes no sound. Those are recorded again, fewer at a time.
AT_ONCE = (20, 3, 1, 1, 1)
KEYFRAME_SECONDS = 1.0
LIVE_CLUSTER = b"\x1f\x43\xb6\x75\x01" + b"\xff" * 7 + b"\xe7"

_RECORD = """
async ([names, seconds, pause, width, height, keyframeSeconds]) => {
  const sleep = (s) => new Promise((done) => setTimeout(done, s * 1000));
  const canvas = (options, noise) => {
    const element = Object.assign(document.createElement('canvas'), {width, height});
    document.body.append(element);
    const context = element.getContext('2d', options);
    const grain = context.createImageData(width / 2, height / 2);
    const pixels = new Uint32Array(grain.data.buffer);
    let frame = 0;
    const draw = () => {
      frame += 1;
      context.fillStyle = `hsl(${frame * 3 % 360} 60% 50%)`;
      context.fillRect(0, 0, width, height);
      if (noise) {
        pixels.forEach((_, i) => { pixels[i] = 0xff000000 | Math.random() * 0xffffff; });
        context.putImageData(grain, 100, 100);
      }
      context.fillStyle = '#fff';
      context.font = '60px monospace';
      context.fillText(String(frame), 40 + frame % 300, 180);
    };
    draw();
    setInterval(draw, 50);
    return element.captureStream(20).getVideoTracks()[0];
  };
  const audio = new AudioContext();
  await audio.resume();
  const tone = audio.createOscillator();
  const sink = audio.createMediaStreamDestination();
  tone.connect(sink);
  tone.start();
  const sound = sink.stream.getAudioTracks()[0];
  const opaque = canvas({alpha: false}), clear = canvas({alpha: true}), noisy = canvas({alpha: false}, true);
  const recordings = Object.entries({
    vp8: ['video/webm;codecs=vp8', [opaque]],
    vp9: ['video/webm;codecs=vp9', [opaque]],
    av1: ['video/webm;codecs=av1', [opaque]],
    vp8_opus: ['video/webm;codecs=vp8,opus', [opaque, sound]],
    vp9_opus: ['video/webm;codecs=vp9,opus', [opaque, sound]],
    av1_opus: ['video/webm;codecs=av1,opus', [opaque, sound]],
    alpha: ['video/webm;codecs=vp8,opus', [clear, sound]],
    paused: ['video/webm;codecs=vp9,opus', [opaque, sound]],
    audio: ['audio/webm;codecs=opus', [sound]],
    busy: ['video/webm;codecs=vp9,opus', [noisy, sound], 2_000_000],
    h264: ['video/webm;codecs=h264', [opaque]],
    mp4: ['video/mp4', [opaque]],
  }).filter(([name]) => names.includes(name)).map(([name, [mimeType, tracks, rate]]) => {
    const recorder = new MediaRecorder(new MediaStream(tracks), {
      mimeType, videoBitsPerSecond: rate ?? 400_000, videoKeyFrameIntervalDuration: keyframeSeconds * 1000,
    });
    const chunks = [];
    recorder.ondataavailable = (event) => chunks.push(event.data);
    recorder.start(500);
    return {name, recorder, chunks};
  });
  const paused = recordings.find(({name}) => name === 'paused')?.recorder;
  await sleep(seconds / 2);
  paused?.pause();
  await sleep(pause);
  paused?.resume();
  await sleep(seconds / 2);
  const encoded = recordings.map(async ({name, recorder, chunks}) => {
    await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
    const reader = new FileReader();
    await new Promise((done) => { reader.onload = done; reader.readAsDataURL(new Blob(chunks)); });
    return [name, reader.result.split(',')[1]];
  });
  return Object.fromEntries(await Promise.all(encoded));
}
"""


def chromium() -> str:
    """Path of the browser; skips the test where there is none."""
    found = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(found).exists():
        pytest.skip(f"Chromium is not at {found}")
    return found


@functools.cache
def samples() -> dict[str, Path]:
    """The recordings by name. They are read-only: write to copies."""
    browser = chromium()
    folder = _folder()
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / f"{NAMES[-1]}.webm").exists():
            # A process of its own, as a test may be inside Playwright's event loop already.
            subprocess.run([sys.executable, "-m", "tests.webm_samples", browser, folder], check=True, timeout=300)
    return {name: folder / f"{name}.webm" for name in NAMES}


def _folder() -> Path:
    """That of all who test at the same time, or one of our own."""
    if shared := os.environ.get("SORTIE_TEST_SAMPLES"):
        return Path(shared)
    own = Path(tempfile.mkdtemp(prefix="sortie-webm-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own


def record(browser: str, folder: Path) -> None:
    """Record all into the folder, the last name last. RuntimeError where the browser makes next to nothing."""
    made: dict[str, bytes] = {}
    for at_once in AT_ONCE:
        missing = [name for name in NAMES if len(made.get(name, b"")) <= LEAST_BYTES]
        for first in range(0, len(missing), at_once):
            made |= _recorded(browser, missing[first : first + at_once])
    small = {name: len(made[name]) for name in NAMES if len(made[name]) <= LEAST_BYTES}
    if small:
        raise RuntimeError(f"Chromium recorded next to nothing: {small}")
    for name in NAMES:
        path = folder / f"{name}.webm"
        path.write_bytes(made[name])
        path.chmod(0o444)


def _recorded(browser: str, names: list[str]) -> dict[str, bytes]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        chrome = playwright.chromium.launch(executable_path=browser, args=flags)
        asked = [names, SECONDS, PAUSE_SECONDS, WIDTH, HEIGHT, KEYFRAME_SECONDS]
        made = chrome.new_page().evaluate(_RECORD, asked)
        chrome.close()
    return {name: base64.b64decode(encoded) for name, encoded in made.items()}


def live_clusters(data: bytes) -> tuple[bytes, list[tuple[int, bytes]]]:
    """A live recording taken apart: all before its first cluster, and time and blocks of each cluster."""
    starts = [found.start() for found in re.finditer(re.escape(LIVE_CLUSTER), data)]
    clusters = []
    for at, following in zip(starts, [*starts[1:], len(data)], strict=True):
        time_at = at + len(LIVE_CLUSTER) + 1
        blocks_at = time_at + (data[time_at - 1] & 0x7F)
        clusters.append((int.from_bytes(data[time_at:blocks_at], "big"), data[blocks_at:following]))
    return data[: starts[0]], clusters


def live_cluster(time: int, blocks: bytes) -> bytes:
    """A cluster as MediaRecorder writes it, of unknown size."""
    stamp = time.to_bytes(max(1, (time.bit_length() + 7) // 8), "big")
    return LIVE_CLUSTER + bytes([0x80 | len(stamp)]) + stamp + blocks


def looped(sample: Path, target: Path, *, seconds: float = 0, size: int = 0, room: int = 0) -> float:
    """Write the sample to `target` over and over, its cluster times going on, for so many seconds or bytes, after
    `room` empty bytes. Returns how many seconds that became, but for the last frame."""
    head, clusters = live_clusters(sample.read_bytes())
    times = [time for time, _ in clusters]
    period = times[-1] + (times[-1] - times[-2])
    started = 0
    with target.open("wb") as file:
        file.truncate(room)
        file.seek(room)
        file.write(head)
        while started < seconds * 1000 or file.tell() < size:
            file.writelines(live_cluster(started + time, blocks) for time, blocks in clusters)
            started += period
    return started / 1000


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]))
