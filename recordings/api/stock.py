"""Uploads by the asciinema command line as it is: 2.x at /api/asciicasts, 3.x at /api/v1/recordings.

Both send a form with Basic credentials, the user's name on their machine and the id of the installation, and print
what is answered: version 2 the text as it is, version 3 the `message` of JSON.

https://docs.asciinema.org/manual/server/, and `src/api.rs` and `asciinema/api.py` of the command line.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from recordings import installs, library
from recordings.api import bodies
from recordings.api.errors import ProblemError, problem
from recordings.audit import Actor, address_of
from recordings.ingest import simple
from recordings.media.errors import MediaError
from recordings.models import Kind, Recording, User

FILES = ("asciicast", "file")
NO_NAME = "ascii.cast"  # what version 2 calls every file
LONGEST_TITLE, LONGEST_NOTES = 200, 10_000
_ALWAYS = {401: {"WWW-Authenticate": 'Basic realm="Sortie"'}, 503: {"Retry-After": "30"}}
_KINDS = {413: "content_too_large", 422: "validation_failed", 503: "unavailable", 507: "unavailable"}
_INSTALL_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class Refused(Exception):
    """What the client is to print, with the name that asciinema's server has for such an error."""

    def __init__(self, status: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.headers = status, kind, headers


def _answered(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Errors as the client expects them: of those of version 2 it prints the body itself."""

    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except Refused as error:
            refused = error
        except ProblemError as error:
            refused = _as_refusal(error)
        except Error:
            refused = Refused(503, "unavailable", "The portal's database cannot be reached. Try again in a moment.")
        headers = {**_ALWAYS.get(refused.status, {}), **(refused.headers or {}), "Cache-Control": "no-store"}
        if request.headers.get("User-Agent", "").startswith("asciinema/2"):
            return HttpResponse(str(refused), status=refused.status, headers=headers, content_type="text/plain")
        told: dict[str, Any] = {"type": refused.kind, "message": str(refused), "details": []}
        return problem(refused.status, str(refused), headers=headers, **told)

    return csrf_exempt(wrapped)


@_answered
def upload(request: HttpRequest) -> HttpResponse:
    """Take a recording in. 201 with its address, which the client prints."""
    if request.method != "POST":
        raise Refused(405, "method_not_allowed", "Only POST is known here.", {"Allow": "POST"})
    user = _uploader(request)
    length = bodies.announced_length(request)
    if request.content_type != "multipart/form-data":
        raise Refused(400, "bad_request", "Send the recording in a form, as the asciinema command does.")
    fields, uploaded = bodies.take_form(request, length, kind=Kind.TERMINAL, names=FILES)
    if uploaded is None:
        raise Refused(400, "bad_request", "The form has no recording in it.")
    by = Actor(user, address_of(request))
    name = uploaded.name or ""
    about = simple.About("" if name == NO_NAME else name, fields.get("title", "")[:LONGEST_TITLE])
    try:
        recording = simple.receive(uploaded.arrived, by, about)
    except MediaError as error:
        raise bodies.refused(error) from error
    return _taken(request, _noted(recording, by, fields))


def _noted(recording: Recording, by: Actor, fields: QueryDict) -> Recording:
    """What version 3 says besides; whom it would show the recording to, the portal's own rules say."""
    notes = fields.get("description", "").replace("\0", "")[:LONGEST_NOTES]
    return library.edit(recording, by, notes=notes) if notes else recording


def _taken(request: HttpRequest, recording: Recording) -> HttpResponse:
    url = request.build_absolute_uri(reverse("player", args=[recording.pk]))
    body = {
        "id": str(recording.pk),
        "url": url,
        "file_url": request.build_absolute_uri(reverse("api:download", args=[recording.pk])),
        "title": recording.title,
        "description": recording.notes,
        "visibility": "private",
        "audio_url": None,
        "message": f"View the recording at:\n\n    {url}\n",
    }
    return JsonResponse(body, status=201, headers={"Location": url, "Cache-Control": "no-store"})


def _uploader(request: HttpRequest) -> User:
    """Who has claimed the installation that sends the request. Raises Refused, before anything of it is read."""
    login, install_id = _credentials(request.headers.get("Authorization", ""))
    try:
        return installs.user_of(install_id, login=login, agent=request.headers.get("User-Agent", ""))
    except installs.NotConnected:
        address = request.build_absolute_uri(reverse("connect", args=[install_id]))
        message = f"This terminal is not connected to an account. Open {address} to connect it, then upload again."
        raise Refused(401, "account_required", message) from None
    except installs.Revoked:
        raise Refused(401, "unauthenticated", "This installation ID has been revoked") from None


def _credentials(header: str) -> tuple[str, UUID]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise Refused(401, "unauthenticated", "Missing installation ID")
    try:
        login, _, install_id = base64.b64decode(encoded, validate=True).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        login = install_id = ""
    if not _INSTALL_ID.fullmatch(install_id):
        raise Refused(401, "unauthenticated", "Invalid installation ID")
    return login, UUID(install_id)


def _as_refusal(error: ProblemError) -> Refused:
    """The portal's own error; what it says of the bytes is 422 here, whose text both versions print."""
    status = 422 if error.status_code in (411, 415) else error.status_code
    return Refused(status, _KINDS.get(status, "bad_request"), str(error.detail), error.headers)
