"""Reading recordings as strictly as the format's description has it."""

import gzip
import json
from pathlib import Path
from typing import Any

Event = tuple[float, str, str]


def recordings(home: Path) -> list[Path]:
    """The interactive recordings of a user, oldest first."""
    return sorted((home / ".sortie" / "recordings").glob("*/*.cast"))


def only(home: Path) -> Path:
    """The one interactive recording of a user."""
    [path] = recordings(home)
    return path


def read(path: Path) -> tuple[dict[str, Any], list[Event]]:
    """Header and events. Fails on anything that version 2 does not allow."""
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode("utf-8")
    assert text.endswith("\n")
    first, *lines = text.removesuffix("\n").split("\n")
    header = json.loads(first)
    assert header["version"] == 2
    for name in ("width", "height", "timestamp"):
        assert type(header[name]) is int
    assert header["width"] > 0
    assert header["height"] > 0
    assert all(isinstance(value, str) for value in header.get("env", {}).values())
    events = [tuple(json.loads(line)) for line in lines]
    before = 0.0
    for seconds, code, data in events:
        assert isinstance(seconds, float)
        assert seconds >= before
        before = seconds
        assert code in "oirmx"
        assert isinstance(data, str)
        assert data
        data.encode("utf-8")
    return header, events


def text_of(path: Path, code: str = "o") -> str:
    """Everything that happened under one code."""
    return "".join(data for _, kind, data in read(path)[1] if kind == code)


def sidecar(path: Path) -> dict[str, Any]:
    """What lies beside a recording."""
    base = path.name.removesuffix(".gz").removesuffix(".cast")
    content: dict[str, Any] = json.loads((path.parent / f"{base}.meta.json").read_text())
    return content
