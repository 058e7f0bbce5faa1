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
    """What a demuxer finds, in file order: (kind, time in seconds, hash of the data) of each packet, the times of
    video keyframes, and the latest end of a packet (its time where the length is not known)."""

    all: tuple[tuple[str, float, str], ...]
    keyframes: tuple[float, ...]
    last_time: float
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
    found, keyframes, last, end = [], [], 0.0, 0.0
    with av.open(str(path), format="matroska") as container:
        for packet in container.demux():
            if packet.pts is None or packet.stream.type not in ("video", "audio"):
                continue
            time = float(packet.pts * packet.time_base)
            found.append((packet.stream.type, round(time, 3), hashlib.sha256(bytes(packet)).hexdigest()))
            last = max(last, time)
            end = max(end, time + float((packet.duration or 0) * packet.time_base))
            if packet.stream.type == "video" and packet.is_keyframe:
                keyframes.append(round(time, 3))
    return Packets(tuple(found), tuple(keyframes), last, end)


def first_time_after_seek(path: Path, seconds: float) -> float:
    """Where PyAV, asked to go to the keyframe at or before `seconds`, begins."""
    with av.open(str(path), format="matroska") as container:
        kind = "video" if container.streams.video else "audio"
        stream = getattr(container.streams, kind)[0]
        container.seek(int(seconds / stream.time_base), stream=stream, backward=True)
        packet = next(p for p in container.demux(stream) if p.pts is not None)
        return float(packet.pts * packet.time_base)
