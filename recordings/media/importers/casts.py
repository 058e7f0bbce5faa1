"""Casts with what lies beside them, in the three layouts in which recorders have left them.

YYYY-MM-DD/NAME_YYYYmmdd-HHMMSS_ID.cast     a folder a day; ID.meta.json or nothing beside it
ID.cast + ID.json                           a session, and a mapping of what is known of it
ID.cast.gz + ID.meta.json                   compressed, with the sidecar of `sortie` and its forerunners
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from recordings.media.asciicast import About, Cast, Header
from recordings.media.asciicast.header import clean_text
from recordings.media.importers.files import Unreadable, opened, text_of
from recordings.media.importers.imported import Imported, Source

FORMAT = "asciicast"
SUFFIXES = (".cast.gz", ".cast", ".asciicast")
SIDECARS = (".meta.json", ".json")
MOST_TAGS = 50
_DATED = re.compile(r"(.+)_([0-9]{8}-[0-9]{6})_([A-Za-z0-9][A-Za-z0-9.-]*)")
HOSTS = ("host", "host_id", "hostname", "target", "agent_name")
USERS = ("user", "username")


def sources(files: list[Path]) -> Iterator[Source]:
    """The casts among the files of a folder, each with what lies beside it."""
    names = {path.name: path for path in files}
    for path in files:
        base = without_suffix(path.name)
        if base:
            beside = [names[base + suffix] for suffix in SIDECARS if base + suffix in names]
            yield Source(FORMAT, path, (path,), tuple(beside))


def read(source: Source) -> Imported:
    """Open a cast.

    Raises:
        CastError: its header is none.
    """
    with opened(source.path) as file:
        header = Cast(file).header
    told: dict[str, Any] = {}
    warnings = []
    for path in source.beside:
        try:
            found = json.loads(text_of(path))
        except (Unreadable, ValueError, RecursionError):
            warnings.append(f"{path.name}, which lies beside it, cannot be read.")
            continue
        told = {**(found if isinstance(found, dict) else {}), **told}
    return Imported(
        source,
        _with(header, told, source.path),
        tags=_tags(told.get("tags")),
        told=told,
        warnings=warnings,
    )


def without_suffix(name: str) -> str:
    """`name` without `.cast` or `.cast.gz`; empty if it is no cast."""
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), "")


def _with(header: Header, told: dict[str, Any], path: Path) -> Header:
    """What the header says, and where it says nothing, what the sidecar does, and then the name."""
    dated = _DATED.fullmatch(without_suffix(path.name))
    about = About(
        session_id=header.about.session_id or _text(told, "session_id") or (dated[3] if dated else ""),
        host=header.about.host or _text(told, *HOSTS),
        host_id=header.about.host_id or _text(told, "host_id"),
        user=header.about.user or _text(told, *USERS),
        agent=header.about.agent or _text(told, "agent"),
    )
    return replace(
        header,
        about=about,
        title=header.title or _text(told, "title"),
        timestamp=header.timestamp or _seconds(_text(told, "start_time", "started_at")),
    )


def _text(told: dict[str, Any], *names: str) -> str:
    found = next((told[name] for name in names if isinstance(told.get(name), str) and told[name]), "")
    return clean_text(found)


def _tags(told: object) -> tuple[str, ...]:
    if not isinstance(told, list):
        return ()
    return tuple(clean_text(tag) for tag in told[:MOST_TAGS] if isinstance(tag, str) and clean_text(tag))


def _seconds(text: str) -> int | None:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return None
