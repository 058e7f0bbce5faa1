"""The process that decodes can do nothing else: no files, no network, little memory, time and output."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from recordings import enrich
from recordings.media import limited, pictures
from tests import webm_builder as build
from tests.webm_samples import samples

TEN_YEARS_MS = 315_360_000_000

OUTPUT = 16 * 1024**2
_LIMITED = f"""
import runpy, sys, socket, os, resource, importlib
limited = runpy.run_path(sys.argv[1])
limited["give_up_rights"](limited["Rights"](output={OUTPUT}, cpu_seconds=2))
"""


def in_the_decoder(code: str, output: Path) -> "subprocess.CompletedProcess[bytes]":
    """Run `code` as the decoder runs what a recording makes it do."""
    with output.open("wb") as file:
        return subprocess.run(
            [sys.executable, "-I", "-c", _LIMITED + code, limited.__file__],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            timeout=60,
        )


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd')",
        "open('/tmp/written', 'w')",
        "os.open('/', os.O_RDONLY)",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "os.listdir('/')",
        "os.pipe()",
        "os.memfd_create('x')",
    ],
)
def test_nothing_can_be_opened(code: str, tmp_path: Path) -> None:
    done = in_the_decoder(code, tmp_path / "out")
    assert done.returncode == 1
    assert b"Too many open files" in done.stderr


def test_no_other_program_can_be_run(tmp_path: Path) -> None:
    done = in_the_decoder("os.execv('/bin/echo', ['echo', 'ran'])", tmp_path / "out")
    assert done.returncode != 0
    assert (tmp_path / "out").read_bytes() == b""


@pytest.mark.parametrize("limit", ["NOFILE", "CPU", "AS", "FSIZE"])
def test_no_right_can_be_taken_back(limit: str, tmp_path: Path) -> None:
    """Not even where the worker runs as root, as in many a container."""
    done = in_the_decoder(f"resource.setrlimit(resource.RLIMIT_{limit}, (1 << 40, 1 << 40))", tmp_path / "out")
    assert b"ValueError: not allowed to raise maximum limit" in done.stderr
    assert in_the_decoder("os.setuid(0)", tmp_path / "out").returncode == 1 or os.geteuid() != 0


def test_memory_ends(tmp_path: Path) -> None:
    done = in_the_decoder("bytearray(3 << 30)", tmp_path / "out")
    assert b"MemoryError" in done.stderr


def test_time_ends(tmp_path: Path) -> None:
    began = time.monotonic()
    done = in_the_decoder("while True: pass", tmp_path / "out")
    assert done.returncode < 0
    assert time.monotonic() - began < 40


def test_output_ends(tmp_path: Path) -> None:
    code = "for _ in range(1000): sys.stdout.buffer.write(bytes(1 << 20))"
    assert in_the_decoder(code, tmp_path / "out").returncode != 0
    assert (tmp_path / "out").stat().st_size == OUTPUT


def decode(path: Path, duration_ms: int = 4000) -> bytes:
    with path.open("rb") as file:
        return enrich._decode(file, duration_ms)


def test_it_has_no_environment_and_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Secrets of the worker are not handed on, nor what it has open."""
    monkeypatch.setenv("SECRET_KEY", "zebra")
    spy = tmp_path / "spy.py"
    spy.write_text("import os, sys\nprint(dict(os.environ), sorted(os.listdir('/proc/self/fd')), os.getcwd())\n")
    monkeypatch.setattr(limited, "__file__", str(spy))
    said = decode(samples()["vp8"]).decode()
    assert "zebra" not in said
    assert "['0', '1', '2', '3'] /" in said


def test_it_is_ended_when_it_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text("import time\ntime.sleep(100)\n")
    monkeypatch.setattr(limited, "__file__", str(spy))
    monkeypatch.setattr(enrich, "WALL_CLOCK_SECONDS", 1)
    with pytest.raises(enrich.NoPictures, match="more than 1 seconds"):
        decode(samples()["vp8"])


PLAYLISTS: dict[str, Callable[[Path], str]] = {
    "ffconcat": lambda victim: f"ffconcat version 1.0\nfile {victim.name}\n",
    "ffconcat by path": lambda victim: f"ffconcat version 1.0\nfile '{victim}'\n",
    "hls": lambda victim: f"#EXTM3U\n#EXTINF:10,\nfile://{victim}\n#EXT-X-ENDLIST\n",
    "subtitle": lambda victim: f"1\n00:00:00,000 --> 00:00:10,000\n{victim}\n",
    "svg": lambda victim: f'<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{victim}"/></svg>',
    "sdp": lambda victim: "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_list_of_files_in_the_place_of_a_recording_reads_nothing(kind: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim.webm"
    victim.write_bytes(samples()["vp8"].read_bytes())
    disguised = tmp_path / "recording.webm"
    disguised.write_text(PLAYLISTS[kind](victim))
    with pytest.raises(enrich.NoPictures, match=r"ended with 3\. InvalidDataError"):
        decode(disguised)


def test_ten_years_have_no_more_pictures_than_ten_minutes() -> None:
    """A file of four seconds may say what it likes."""
    began = time.monotonic()
    _, sheet = enrich._read(decode(samples()["vp8"], TEN_YEARS_MS))
    assert sheet.tiles == pictures.MOST_TILES
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("duration", [0, 1, -5])
def test_a_moment_has_one_picture(duration: int) -> None:
    _, sheet = enrich._read(decode(samples()["vp8"], duration))
    assert sheet.tiles == 1


def test_huge_pictures_are_made_small_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.webm"
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=1)
        stream.width = stream.height = 8192
        stream.options = {"deadline": "realtime", "cpu-used": "8"}
        frame = av.VideoFrame(8192, 8192, "yuv420p")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert path.stat().st_size < 500_000
    try:
        poster, sheet = enrich._read(decode(path))
    except enrich.NoPictures:
        return
    assert (poster.width, poster.height) == (640, 640)
    assert sheet.width == 160


def test_claimed_sizes_are_only_claims(tmp_path: Path) -> None:
    """The track says 16384 x 16384, the frames are none."""
    path = tmp_path / "claim.webm"
    track = build.video_track(width=16384, height=16384)
    path.write_bytes(build.webm(build.cluster(0, build.block(1, 0)), tracks=track))
    with pytest.raises(enrich.NoPictures):
        decode(path)


def test_other_codecs_are_not_decoded() -> None:
    with pytest.raises(enrich.NoPictures, match="no picture of a known codec"):
        decode(samples()["h264"])


@pytest.mark.parametrize("cut", [60, 400, 3000, 20_000])
def test_files_cut_anywhere_end_in_pictures_or_in_a_word(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.webm"
    path.write_bytes(samples()["vp9"].read_bytes()[:cut])
    refusals: list[str] = []
    try:
        enrich._read(decode(path))
    except enrich.NoPictures as refusal:
        refusals.append(str(refusal))
    assert all("ended with 3." in said for said in refusals)
