"""Recordings of other programs, opened and converted for a test."""

from pathlib import Path

from recordings.media import importers
from recordings.media.asciicast import Cast, Event, scan
from recordings.media.importers import Imported
from tests.terminal import build


def only(path: Path) -> Imported:
    """The one recording at a path, opened."""
    [source] = importers.find(path)
    return importers.read(source)


def converted(imported: Imported, folder: Path) -> tuple[list[Event], Path]:
    """Its events as a cast has them, and the cast; which is clean."""
    path = build.written(folder / "converted.cast", b"".join(imported.cast()))
    with path.open("rb") as file:
        assert scan(file).clean
        return list(Cast(file).events()), path


def output(events: list[Event], code: str = "o") -> str:
    return "".join(text for _, kind, text in events if kind == code)
