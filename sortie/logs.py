"""Log lines for people, or for machines in JSON: with the ids of what they are about, and without secrets."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from recordings import trace

HIDDEN = "[hidden]"
# Credentials that come in the texts of others: headers, addresses with a password, signed addresses, forms.
_PATTERNS = (
    re.compile(r"(://[^\s:/@]*:)[^\s/@]+(?=@)"),
    re.compile(r"(/s/)[\w\-]{16,}"),  # share links
    re.compile(
        r"(?i)(\b(?:bearer|basic)\s+|\bX-Amz-(?:Signature|Credential|Security-Token)="
        r"|\b[\w\-]*(?:password|passwd|secret|secret_\w*key|token|cookie)[\"']?\s*[=:]\s*[\"']?)"
        r"[^\s\"'&,;)}\]]{4,}"
    ),
)
SHORTEST_SECRET = 6


class Redaction:
    """Hides the secrets it was made with wherever they are, and what looks like one."""

    def __init__(self, *secrets: str) -> None:
        known = sorted({one for one in secrets if len(one) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<1>{HIDDEN}", text)
        return text


class Line(logging.Formatter):
    """For people: time, level, where from, what, and at the end the id of the request if there is one."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redacted = Redaction(*secrets)

    def format(self, record: logging.LogRecord) -> str:
        text = self._redacted(super().format(record))
        request = trace.current().get("request_id")
        return f"{text} [{request}]" if request else text


class Json(logging.Formatter):
    """For machines: `time level logger message`, the ids that are known, and `error` with its traceback."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._redacted = Redaction(*secrets)

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redacted(record.getMessage()),
            **trace.current(),
            **{name: self._told(fact) for name, fact in getattr(record, "facts", {}).items()},
        }
        if record.exc_info:
            entry["error"] = self._redacted(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=str)

    def _told(self, fact: Any) -> Any:
        return self._redacted(fact) if isinstance(fact, str) else fact


def configuration(form: str, secrets: tuple[str, ...]) -> dict[str, Any]:
    """What Django's LOGGING is to be, in the `form` "text" or "json"."""
    as_json = form == "json"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"own": {"()": "sortie.logs.Json" if as_json else "sortie.logs.Line", "secrets": secrets}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "own"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "celery": {"level": "WARNING"},
            # A line for every request is for machines; Django's own would say the same of refused ones again.
            "sortie.requests": {"level": "INFO" if as_json else "WARNING"},
            "django.request": {"level": "ERROR" if as_json else "WARNING"},
            "mcp": {"level": "WARNING"},
        },
    }
