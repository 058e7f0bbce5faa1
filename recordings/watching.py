"""Watching and downloading, with the trace each leaves in the audit log."""

import re

from django.http import HttpRequest, HttpResponseBase

from recordings import audit, casts, playback
from recordings.audit import Actor
from recordings.casts import Form
from recordings.models import Action, Kind, Recording

_FROM_THE_START = re.compile(r"\s*bytes\s*=\s*0+\s*-", re.IGNORECASE)


def watch(request: HttpRequest, recording: Recording, by: Actor) -> HttpResponseBase:
    """The bytes for a player on a page. Raises what `playback.media_response` does."""
    if recording.kind == Kind.TERMINAL:
        response = casts.played(request, recording)
    else:
        response = playback.media_response(request, recording, attachment=False)
    return _noted(Action.VIEW, request, response, recording, by)


def download(
    request: HttpRequest, recording: Recording, by: Actor, *, original: bool, form: Form = Form.CAST
) -> HttpResponseBase:
    """The bytes as a file to keep; `form` is that of a terminal recording. Raises what `media_response` does."""
    if recording.kind != Kind.TERMINAL:
        response = playback.media_response(request, recording, attachment=True, original=original)
    elif original:
        response = casts.original(request, recording)
    else:
        response = casts.download(request, recording, form)
    return _noted(Action.DOWNLOAD, request, response, recording, by)


def from_start(request: HttpRequest) -> bool:
    """Whether the bytes that are asked for begin with the first."""
    asked = request.headers.get("Range")
    return not asked or bool(_FROM_THE_START.match(asked))


def _noted(
    action: Action, request: HttpRequest, response: HttpResponseBase, recording: Recording, by: Actor
) -> HttpResponseBase:
    """Audit an answer that gives bytes away, be it by sending somebody to them."""
    if request.method == "GET" and response.status_code in (200, 206, 302):
        audit.record_access(action, by, recording, from_start=from_start(request))
    return response
