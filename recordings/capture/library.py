"""The recordings on this machine, in any of the layouts a recorder has written them.

YYYY-MM-DD/NAME_YYYYmmdd-HHMMSS_ID.cast   an interactive session, a folder a day, ID.meta.json beside it or not
ID.cast.gz + ID.meta.json                 commands run one by one
ID.cast + ID.json                         a session through a proxy
"""

import json
import os
import re
import sys

from recordings.capture import home, sidecar
from recordings.capture.cast_file import is_locked
from recordings.capture.reading import Cast, Unreadable, parsed_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DATED_NAME = re.compile(r"(.+)_(\d{8}-\d{6})_([A-Za-z0-9][A-Za-z0-9.-]*)")
SUFFIXES = (".cast.gz", ".cast")
SIDECARS = (sidecar.SUFFIX, ".open.json", ".json")
# Enough for the last event of a plain file, unless that is a screenful of wide characters in every colour.
TAIL_BYTES = 256 * 1024

COMPLETE, INCOMPLETE, OPEN, RECORDING = "complete", "incomplete", "open", "recording"


class NotFound(Exception):
    """There is no such recording. The text says what to do."""


class Ambiguous(Exception):
    """Several recordings begin so. The text names them."""


class Entry:
    """One recording. What is not known is empty, or None where a number is meant."""

    def __init__(self, path: str, base: str) -> None:
        self.path = path
        self.base = base
        name = os.path.basename(base)
        dated = DATED_NAME.fullmatch(name)
        self.session_id = id_of(base)
        self.name = dated[1] if dated else ""
        self.host = self.user = self.title = ""
        self.commands: int | None = None
        self.duration: float | None = None
        self.started: float | None = None
        self.truncated = False
        self.state = COMPLETE
        status = os.stat(path)
        self.size = status.st_size
        self.modified = status.st_mtime

    @property
    def sidecars(self) -> list[str]:
        """The files beside the cast that belong to it."""
        return [self.base + suffix for suffix in SIDECARS if os.path.exists(self.base + suffix)]

    @property
    def ended(self) -> float:
        """When it ended, seconds since 1970; when it was last written to, if nothing says."""
        if self.started is None or self.duration is None:
            return self.modified
        return self.started + self.duration

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "session_id": self.session_id,
            "host": self.host,
            "user": self.user,
            "title": self.title,
            "state": self.state,
            "start_time": None if self.started is None else sidecar.timestamp(self.started),
            "command_count": self.commands,
            "duration_ms": None if self.duration is None else round(self.duration * 1000),
            "size_bytes": self.size,
            "truncated": self.truncated,
            "path": self.path,
        }


def entries(folder: str) -> "Iterator[Entry]":
    """All recordings below `folder`, in no order, with what their names say. `fill` says the rest."""
    for path, base in files(folder):
        yield Entry(path, base)


def files(folder: str) -> "Iterator[tuple[str, str]]":
    """The recordings below `folder`: the path of each, and that without its suffix."""
    try:
        found = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for item in found:
        if item.is_dir(follow_symlinks=False):
            yield from files(item.path)
        else:
            base = without_suffix(item.path)
            if base and item.is_file(follow_symlinks=False):
                yield item.path, base


def id_of(base: str) -> str:
    """The session's ID, from a recording's name without its suffix."""
    name = os.path.basename(base)
    dated = DATED_NAME.fullmatch(name)
    return dated[3] if dated else name


def with_id(session_id: str) -> list[str]:
    """The files of the recordings here of this session."""
    return [path for path, base in files(home.recordings_folder()) if id_of(base) == session_id]


def without_suffix(path: str) -> str:
    """`path` without `.cast` or `.cast.gz`, "" if it is no recording."""
    return next((path.removesuffix(suffix) for suffix in SUFFIXES if path.endswith(suffix)), "")


def find(text: str) -> Entry:
    """The recording with this ID, the beginning of one, or this path. Raises NotFound and Ambiguous."""
    if os.sep in text or without_suffix(text):
        if os.path.isfile(text):
            return Entry(text, without_suffix(text) or text)
        raise NotFound(f"there is no file {text}")
    matching = [entry for entry in entries(home.recordings_folder()) if entry.session_id.startswith(text)]
    exact = [entry for entry in matching if entry.session_id == text]
    if len(exact or matching) == 1:
        return (exact or matching)[0]
    if not matching or not text:
        raise NotFound(f"no recording begins with {text!r}; `sortie list` shows those there are")
    names = ", ".join(sorted(entry.session_id for entry in matching)[:5])
    raise Ambiguous(
        f"{len(matching)} recordings begin with {text!r}: {names}{', ...' if len(matching) > 5 else ''}"
    )


def short_id(session_id: str) -> str:
    """The shortest beginning, of four characters or more, that no other recording here shares."""
    others = {id_of(base) for _, base in files(home.recordings_folder())} - {session_id}
    for length in range(4, len(session_id)):
        if not any(other.startswith(session_id[:length]) for other in others):
            return session_id[:length]
    return session_id


def fill(entry: Entry) -> str:
    """Learn what the sidecar says, or the cast itself if there is none. Returns a warning, "" if all is well."""
    warning = ""
    for path in entry.sidecars:
        try:
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            if not isinstance(content, dict):
                raise ValueError("not an object")
        except (OSError, ValueError) as error:
            warning = f"{home.shown(path)} cannot be read ({error}); what the recording itself says is shown"
            continue
        if path.endswith(sidecar.SUFFIX):
            _fill_from_sidecar(entry, content)
            return warning
        if path.endswith(".json") and not path.endswith(".open.json"):
            _fill_names(entry, content)
    return _fill_from_cast(entry) or warning


def _fill_from_sidecar(entry: Entry, content: dict[str, object]) -> None:
    _fill_names(entry, content)
    commands, duration = content.get("command_count"), content.get("duration_ms")
    entry.commands = commands if isinstance(commands, int) else None
    entry.duration = duration / 1000 if isinstance(duration, int | float) else None
    entry.started = seconds_of(content.get("start_time"))
    entry.truncated = content.get("truncated") is True
    entry.state = INCOMPLETE if content.get("incomplete") else COMPLETE


def _fill_names(entry: Entry, content: dict[str, object]) -> None:
    """Who and where, under the names that recorders have given them."""
    hosts = ("host", "host_id", "hostname", "target", "agent_name")
    entry.host = entry.host or next((str(content[name]) for name in hosts if content.get(name)), "")
    users = ("user", "username")
    entry.user = entry.user or next((str(content[name]) for name in users if content.get(name)), "")
    entry.title = entry.title or str(content.get("title") or "")


def _fill_from_cast(entry: Entry) -> str:
    try:
        entry.state = _state_without_sidecar(entry)
        with open(entry.path, "rb") as file:
            cast = Cast(file, limit=sys.maxsize)
            last = _last_seconds(cast, entry)
    except (OSError, Unreadable) as error:
        entry.state = INCOMPLETE
        return f"{home.shown(entry.path)} cannot be read: {error}"
    about = cast.header.get("sortie")
    _fill_names(entry, about if isinstance(about, dict) else {})
    _fill_names(entry, cast.header)
    started = cast.header.get("timestamp")
    entry.started = float(started) if isinstance(started, int | float) else None
    entry.duration = last
    return ""


def _state_without_sidecar(entry: Entry) -> str:
    if is_locked(entry.path):
        return RECORDING
    if os.path.exists(entry.base + ".open.json"):
        return OPEN
    # A proxy's recorder writes its `.json` when it pleases; whether the end is there shows in the last event only.
    return COMPLETE if os.path.exists(entry.base + ".json") else INCOMPLETE


def _last_seconds(cast: Cast, entry: Entry) -> float:
    """Time of the last event. A cast with an exit status has its end, whatever lies beside it."""
    events = tail_events(entry.path) if not entry.path.endswith(".gz") and cast.version == 2 else None
    last = (0.0, "", "")
    for event in events or cast.events():
        last = event
    if last[1] == "x":
        entry.state = COMPLETE
    return last[0]


def tail_events(path: str) -> list[tuple[float, str, str]]:
    """The last whole events of a plain version 2 file."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().split(b"\n")
    return [event for event in map(parsed_event, lines[-50:]) if event is not None]


def seconds_of(text: object) -> float | None:
    """Seconds since 1970 of an RFC 3339 time."""
    import datetime

    try:
        return datetime.datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
