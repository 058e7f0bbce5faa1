"""The library's filters as chips: each is in the address, so that a filtered list can be kept and sent."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from recordings.models import Kind, Status

NAMES = ("status", "kind", "session", "since", "until")


@dataclass(frozen=True)
class Choice:
    label: str
    address: str


@dataclass(frozen=True)
class Group:
    """One filter: `chosen` says what it is set to, `without` is the address that takes it away."""

    label: str
    chosen: str
    without: str
    choices: list[Choice] = field(default_factory=list)
    dates: bool = False


def address(query: QueryDict, **changes: str | None) -> str:
    """The address of the list with some of its parameters changed, from the first page on."""
    changed = query.copy()
    for name, value in {**changes, "cursor": None}.items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    return f"{reverse('library')}?{changed.urlencode()}" if changed else reverse("library")


def groups(query: QueryDict, cleaned: dict[str, Any], *, kinds: bool, session_name: str) -> list[Group]:
    """Every filter the list offers. `cleaned` is what RecordingFilter understood of `query`."""
    found = [_status(query, cleaned.get("status") or [])]
    if kinds:
        found.append(_kind(query, cleaned.get("kind") or ""))
    found.append(_date(query, cleaned))
    if cleaned.get("session"):
        found.append(Group("Session", session_name or "One session", address(query, session=None)))
    return found


def _status(query: QueryDict, chosen: list[str]) -> Group:
    labels = " or ".join(Status(status).label for status in chosen)
    choices = [Choice(status.label, address(query, status=status)) for status in Status]
    return Group("Status", labels, address(query, status=None), choices)


def _kind(query: QueryDict, chosen: str) -> Group:
    choices = [Choice(kind.label, address(query, kind=kind)) for kind in Kind]
    return Group("Kind", Kind(chosen).label if chosen else "", address(query, kind=None), choices)


def _date(query: QueryDict, cleaned: dict[str, Any]) -> Group:
    today = timezone.localdate()
    presets = (("Today", 0), ("Last 7 days", 6), ("Last 30 days", 29))
    choices = [
        Choice(label, address(query, since=(today - timedelta(days=days)).isoformat(), until=None))
        for label, days in presets
    ]
    since, until = cleaned.get("since"), cleaned.get("until")
    words = [f"since {_day(since)}" if since else "", f"before {_day(until)}" if until else ""]
    chosen = " ".join(filter(None, words)).capitalize()
    return Group("Date", chosen, address(query, since=None, until=None), choices, dates=True)


def _day(moment: datetime) -> str:
    moment = timezone.localtime(moment)
    return f"{moment.day} {moment:%b %Y}"
