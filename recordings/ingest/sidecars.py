"""What a recorder says of a terminal recording beside it: JSON from anybody, of which what makes sense is taken."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from recordings.titles import clean_title

LONGEST = 16 * 1024
_MOST = 2**31 - 1


class BadSidecar(ValueError):
    """It is no JSON object."""


def parsed(text: str) -> dict[str, Any]:
    """What is known and makes sense in a client's `sidecar`; nothing if it sends none.

    Raises:
        BadSidecar: it sends something else than an object, or too much.
    """
    if not text.strip():
        return {}
    try:
        content = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise BadSidecar(f"The sidecar is no JSON object of at most {LONGEST:,} characters.")
    return known(content)


def known(content: Mapping[str, Any]) -> dict[str, Any]:
    """What is known and makes sense of what a sidecar says."""
    found = {name: read(content.get(name)) for name, read in _KNOWN.items()}
    return {name: value for name, value in found.items() if value}


@dataclass(frozen=True)
class Sidecar:
    """What `sortie` and its like write beside a recording; "" and None stand for what they do not say.

    missing: what an importer found to be missing, a sentence each; no client can say that.
    """

    session_id: str = ""
    host: str = ""
    host_id: str = ""
    user: str = ""
    shell: str = ""
    start_time: datetime | None = None
    command_count: int | None = None
    dropped_events: int = 0
    truncated: bool = False
    incomplete: bool = False
    missing: Sequence[str] = ()

    @property
    def notes(self) -> list[str]:
        """What the recorder itself knows to be missing, a sentence each."""
        found = list(self.missing)
        if self.truncated:
            found.append("The recorder reached its size limit: what came after is not in the recording.")
        if self.dropped_events:
            found.append(f"The recorder could not keep up and left out {self.dropped_events:,} events.")
        if self.incomplete and not found:
            found.append("The recorder did not come to the end of the session.")
        return found


def sidecar_of(content: Mapping[str, Any]) -> Sidecar:
    """What `parsed` gave, as it comes back from the database."""
    began = content.get("start_time")
    return Sidecar(**{**content, "start_time": datetime.fromisoformat(began) if began else None})


def _text(value: object) -> str:
    return clean_title(value, longest=255) if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _flag(value: object) -> bool:
    return value is True


def _moment(value: object) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC).isoformat() if moment and moment.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


_KNOWN: dict[str, Callable[[object], Any]] = {
    **dict.fromkeys(("session_id", "host", "host_id", "user", "shell"), _text),
    **dict.fromkeys(("command_count", "dropped_events"), _number),
    **dict.fromkeys(("truncated", "incomplete"), _flag),
    "start_time": _moment,
}
