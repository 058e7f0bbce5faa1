"""Each request gets an id, is counted and timed, and leaves a line in the log."""

import logging
import re
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from recordings import meters, trace
from recordings.audit import address_of

logger = logging.getLogger("sortie.requests")

REQUEST_ID = "X-Request-ID"
_GIVEN_ID = re.compile(r"[A-Za-z0-9._\-]{8,64}", re.ASCII)
_ID = re.compile(r"[0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_LONGEST_PATH = 200
# What the id in an address is of, by the word before it.
_THINGS = {"recordings": "recording_id", "sessions": "session_id", "uploads": "upload_id"}


class Watch:
    """Gives each request an id, counts it, and writes a line about it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begun = time.monotonic()
        request_id = _id_of(request)
        # It stays known until this thread's next request: a body that is streamed is sent after we have returned.
        trace.begin(request_id=request_id)
        with meters.requests_in_progress.track_inprogress():
            response = self._get_response(request)
        response.headers[REQUEST_ID] = request_id
        _note_user(request)
        _tell(request, response, time.monotonic() - begun)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """Note what the request is about, for what is logged while it is answered."""
        if isinstance(kwargs.get("pk"), UUID):
            trace.note(
                **{_THINGS[word]: this for word, this in pairwise(request.path.split("/")) if word in _THINGS}
            )


def _id_of(request: HttpRequest) -> str:
    """Our proxy's, so that its log and ours can be held together, or a new one."""
    given = request.headers.get(REQUEST_ID, "") if settings.SORTIE_BEHIND_PROXY else ""
    return given if _GIVEN_ID.fullmatch(given) else uuid4().hex


def _note_user(request: HttpRequest) -> None:
    """Who it was, if anybody has asked: nobody is looked up for a line in the log."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = getattr(request, "_cached_user", None)
    if user is not None and user.pk is not None:
        trace.note(user_id=user.pk)


def _tell(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    method = request.method if request.method in _METHODS else "other"
    route = _route(request)
    meters.requests.labels(method, route, response.status_code).inc()
    meters.request_seconds.labels(method, route).observe(seconds)
    if not logger.isEnabledFor(logging.INFO):
        return
    facts = {
        "method": method,
        "path": _path(request),
        "route": route,
        "status": response.status_code,
        "duration_ms": round(seconds * 1000, 1),
        "received_bytes": _number(request.META.get("CONTENT_LENGTH")),
        "sent_bytes": _number(response.headers.get("Content-Length")),
        "address": address_of(request),
    }
    facts = {name: value for name, value in facts.items() if value is not None}
    logger.info("%s %s %d", method, facts["path"], response.status_code, extra={"facts": facts})


def _route(request: HttpRequest) -> str:
    if request.resolver_match:
        return request.resolver_match.view_name or "unnamed"
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def _path(request: HttpRequest) -> str:
    """Without what is no id: it may be a secret, as in the address of something that is shared."""
    match = request.resolver_match
    if match is None:
        return request.path[:_LONGEST_PATH]
    return request.path if all(_is_id(value) for value in match.kwargs.values()) else f"/{match.route}"


def _is_id(value: object) -> bool:
    return not isinstance(value, str) or _ID.fullmatch(value) is not None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
