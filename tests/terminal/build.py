"""Casts made of parts, whole or spoilt, and files of them."""

import gzip
import json
from pathlib import Path
from typing import Any

from recordings.media.asciicast import Cast, CastScan, Event, scan
from recordings.media.limits import CastLimits

HEADER: dict[str, Any] = {"version": 2, "width": 80, "height": 24, "timestamp": 1768228222}
THREE: dict[str, Any] = {"version": 3, "term": {"cols": 80, "rows": 24}, "timestamp": 1768228222}
EVENTS = ([0.5, "o", "one\r\n"], [1.25, "o", "two\r\n"], [61.25, "o", "three\r\n"])


def lines(header: dict[str, Any], *events: object) -> bytes:
    """A cast of these lines, each as JSON or, if it is bytes, as it is."""
    return b"".join(
        (part if isinstance(part, bytes) else json.dumps(part, ensure_ascii=False).encode()) + b"\n"
        for part in [header, *events]
    )


def cast(*events: object, **header: object) -> bytes:
    """Version 2, with some events if none are given."""
    return lines(HEADER | header, *(events or EVENTS))


def version_3(*events: object, **header: object) -> bytes:
    return lines(THREE | header, *(events or EVENTS))


def version_1(*frames: object, **header: object) -> bytes:
    return json.dumps({"version": 1, "width": 80, "height": 24, **header, "stdout": list(frames)}).encode()


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def scanned(path: Path, data: bytes, limits: CastLimits | None = None) -> CastScan:
    """What a scan of these bytes, in a file, tells."""
    with written(path, data).open("rb") as file:
        return scan(file, limits=limits)


def events_in(path: Path, data: bytes) -> list[Event]:
    """All events of these bytes, in a file."""
    with written(path, data).open("rb") as file:
        return list(Cast(file).events())


def bomb(size: int, text: bytes = b"0") -> bytes:
    """`size` bytes of one letter, as gzip."""
    block = gzip.compress(text * (16 << 20))
    return block * (size >> 24)
