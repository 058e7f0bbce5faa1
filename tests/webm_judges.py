"""Independent judges of a WebM file: ffprobe, and PyAV's demuxer."""

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import pytest


@dataclass(frozen=True)
class Packets:
    """What a demuxer finds: (kind, time in seconds, hash of the data) of each packet in file order, the times of
    video keyframes, and when the last packet ends; a last picture stays as long as the one before, at most 1 s."""

    all: tuple[tuple[str, float, str], ...]
    keyframes: tuple[float, ...]
    end: float


def ffprobe(path: Path) -> tuple[float, str]:
    """Duration in seconds by the header (nan without one), and what ffprobe complains of, reading every packet."""
    program = shutil.which("ffprobe")
    if not program:
        pytest.skip("ffprobe is not installed")
    entries = ["-show_entries", "format=duration", "-count_packets", "-show_streams", "-of", "json"]
    done = subprocess.run([program, "-v", "error", *entries, path], capture_output=True, text=True, timeout=60)
    return float(json.loads(done.stdout)["format"].get("duration", "nan")), done.stderr


def packets(path: Path) -> Packets:
    found, keyframes = [], []
    last: dict[str, float] = {}
    ends: dict[str, float] = {}
    with av.open(str(path), format="matroska") as container:
        for packet in container.demux():
            if packet.pts is None or packet.stream.type not in ("video", "audio"):
                continue
            time = float(packet.pts * packet.time_base)
            kind = packet.stream.type
            found.append((kind, round(time, 3), hashlib.sha256(bytes(packet)).hexdigest()))
            sound = float((packet.duration or 0) * packet.time_base)
            ends[kind] = time + (sound if kind == "audio" else min(time - last.get(kind, time), 1.0))
            last[kind] = time
            if kind == "video" and packet.is_keyframe:
                keyframes.append(round(time, 3))
    return Packets(tuple(found), tuple(keyframes), max(ends.values()))


def first_packets(path: Path, kind: str) -> list[tuple[bytes, int]]:
    """Data and length in microseconds of the first ten packets of the first track of a kind."""
    with av.open(str(path), format="matroska") as container:
        stream = getattr(container.streams, kind)[0]
        found = [(bytes(p), int((p.duration or 0) * p.time_base * 1_000_000)) for p in container.demux(stream)]
        return found[:10]


def first_time_after_seek(path: Path, seconds: float) -> float:
    """Where PyAV, asked to go to the keyframe at or before `seconds`, begins."""
    with av.open(str(path), format="matroska") as container:
        kind = "video" if container.streams.video else "audio"
        stream = getattr(container.streams, kind)[0]
        container.seek(int(seconds / stream.time_base), stream=stream, backward=True)
        packet = next(p for p in container.demux(stream) if p.pts is not None)
        return float(packet.pts * packet.time_base)
