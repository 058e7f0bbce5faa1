"""What an audit event says, in words."""

from collections.abc import Callable
from typing import Any

from recordings.models import AuditEvent
from recordings.templatetags.sortie import megabytes


def counted(number: int, thing: str) -> str:
    """`1 view`, `2 views`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


_SAID: dict[str, Callable[[Any], str]] = {
    "title": lambda value: f"“{value}”",
    "reason": str,
    "fields": ", ".join,
    "auto_record": lambda value: "auto-record on",
    "keep_input": lambda value: "typed input kept",
    "input_removed": lambda value: "typed input left out",
    "hidden": lambda value: f"{value} hidden",
    "size_bytes": megabytes,
    "sha256": lambda value: f"SHA-256 {value[:12]}…",
    "retried": lambda value: "tried again",
    "account": lambda value: f"“{value}”",
    "token": lambda value: f"token “{value}”",
    "terminal": lambda value: f"terminal {value}…",
    "begins_with": lambda value: f"{value}…",
    "share": lambda value: f"link {value}",
    "expires": lambda value: f"until {value.partition('T')[0]}",
    "can_download": lambda value: "with download",
    "view_limit": lambda value: counted(value, "view"),
    "password": lambda value: "with password",
    "webhook": str,
    "events": lambda value: value.replace("recording.", "").replace(" ", ", "),
    "login": lambda value: "by signing in",
    "none": lambda value: "none any more",
    "is_active": lambda value: "active",
    "is_staff": lambda value: "admin",
    "is_superuser": lambda value: "superuser",
    "original": lambda value: "the uploaded file",
}
_ORDER = list(_SAID)
# Of other things it says nothing that they are not so.
_FALSE = {
    "auto_record": "auto-record off",
    "keep_input": "typed input left out",
    "is_active": "no longer active",
    "is_staff": "no longer admin",
    "is_superuser": "no longer superuser",
}


def detail(event: AuditEvent, *, named: bool = False) -> str:
    """The event's detail on one line: what is known by name as a phrase, anything else as it was written.

    `named`: the recording's title stands beside it already.
    """
    # In our order: a database may keep another one than that in which it was written.
    names = sorted((name for name in event.detail if not (named and name == "title")), key=_place)
    return " · ".join(filter(None, (_phrase(name, event.detail[name]) for name in names)))


def _place(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER)), name


def _phrase(name: str, value: Any) -> str:
    if value in ("", None, False):
        return _FALSE.get(name, "") if value is False else ""
    say = _SAID.get(name)
    return say(value) if say else f"{name.replace('_', ' ')}: {value}"
