"""Resumable uploads for tus 1.0 clients (https://tus.io/protocols/resumable-upload).

Core, creation, creation-with-upload, creation-defer-length, expiration, checksum and termination. A piece is the
portal's most frequent request by far, so these views do without REST framework, and look up who sends at most
every five seconds.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.request import Request

from recordings import connections, trace
from recordings.api import tus_headers
from recordings.api.authentication import (
    BearerAuthentication,
    CookieAuthentication,
    bearer_token,
    require_csrf_header,
    require_scope,
)
from recordings.api.bodies import refused
from recordings.api.errors import ProblemError, handle
from recordings.audit import Actor, address_of
from recordings.ingest import intake, kinds, pieces, resumable, staging
from recordings.ingest.grants import Grant, Grants
from recordings.ingest.leases import Leases
from recordings.media.errors import MediaError
from recordings.models import User
from recordings.permissions import Can

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"
PIECE = "application/offset+octet-stream"
# Not of tus: the recording that an upload is for, and what kinds of them are taken.
RECORDING, KINDS = "Sortie-Recording", "Sortie-Kinds"

Path = ParamSpec("Path")
View = Callable[Concatenate[HttpRequest, Path], HttpResponse]

_grants = Grants()
_leases = Leases()


def _tus(view: View[Path]) -> View[Path]:
    """What every request has in common: the version, errors as problems, and no CSRF token in a body."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Path.args, **kwargs: Path.kwargs) -> HttpResponse:
        try:
            if request.method != "OPTIONS" and request.META.get("HTTP_TUS_RESUMABLE") != VERSION:
                raise ProblemError(412, f"Send Tus-Resumable: {VERSION}.", headers={"Tus-Version": VERSION})
            response = view(request, *args, **kwargs)
        except Exception as error:
            answer = handle(_as_problem(error), {})
            if not isinstance(answer, HttpResponse):
                raise
            response = answer
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return csrf_exempt(wrapped)  # type: ignore[return-value]  # wraps() hides that it takes the same arguments


@_tus
def uploads(request: HttpRequest) -> HttpResponse:
    """POST begins an upload; OPTIONS tells what can be done."""
    if request.method == "OPTIONS":
        return _abilities()
    if request.method != "POST":
        return _not_allowed("OPTIONS, POST")
    user = _caller(request)
    connections.give_back()
    wanted = tus_headers.wanted(request)
    checksum = tus_headers.checksum(request)
    body, piece = _Body(request), None
    if request.content_type == PIECE:
        wanted = replace(wanted, piece=tus_headers.body_length(request))
        piece = pieces.opened(body, wanted.piece, checksum, wanted.kind)
    upload = resumable.create(user, Actor(user, address_of(request)), wanted)
    headers = {
        "Location": request.build_absolute_uri(reverse("api:upload", args=[upload.pk])),
        RECORDING: str(upload.recording_id),
    }
    if piece is not None:
        body.grant = resumable.look(user, upload.pk)
        connections.give_back()
        at = resumable.begin(upload, piece)
        _after(body.grant, at)
        headers["Upload-Offset"] = str(at)
    return HttpResponse(status=201, headers={**headers, **_expiry(upload.expires_at)})


@_tus
def upload(request: HttpRequest, pk: UUID) -> HttpResponse:
    """HEAD asks for the offset, PATCH adds a piece, DELETE drops the upload."""
    match request.method:
        case "PATCH":
            return _patch(request, pk)
        case "HEAD":
            return _head(request, pk)
        case "DELETE":
            return _delete(request, pk)
        case "OPTIONS":
            return _abilities()
    return _not_allowed("DELETE, HEAD, OPTIONS, PATCH")


def _patch(request: HttpRequest, pk: UUID) -> HttpResponse:
    if request.content_type != PIECE:
        raise ProblemError(415, f"Send pieces as {PIECE}.")
    at = tus_headers.required_number(request, "Upload-Offset")
    announced = tus_headers.number(request, "Upload-Length")
    checksum = tus_headers.checksum(request)
    length = tus_headers.body_length(request)
    try:
        grant = _grant(request, pk)
        if at + length == (grant.length if announced is None else announced):
            _grants.forget(pk)  # what ends an upload is never let through on an old look
            grant = _grant(request, pk)
        if announced is not None and announced != grant.length:
            _grants.forget(pk)
            grant = resumable.announce(grant, announced)
        trace.note(user_id=grant.sender_id, recording_id=grant.recording_id)
        body = _Body(request, grant)
        offset = resumable.append(grant, body, at=at, length=length, checksum=checksum)
    except (staging.WrongOffset, staging.Gone, resumable.Finished) as error:
        _grants.forget(pk)
        return _elsewhere(request, pk, error, at=at, length=length)
    if offset - at != length:
        raise ProblemError(400, f"{offset - at} of {length} bytes arrived; send the rest from offset {offset}.")
    _after(grant, offset)
    return HttpResponse(status=204, headers={"Upload-Offset": str(offset), **_expiry(grant.expires_at)})


def _elsewhere(request: HttpRequest, pk: UUID, error: Exception, *, at: int, length: int) -> HttpResponse:
    """The answer to a piece that cannot be added where its sender thinks it belongs."""
    if isinstance(error, staging.WrongOffset):
        actual = error.actual
    else:
        found = resumable.find(_caller(request), pk)
        actual = resumable.offset(found)
        if at == actual and not length:
            return HttpResponse(status=204, headers={"Upload-Offset": str(actual)})
        if at == actual:
            raise resumable.MoreThanAnnounced
    raise ProblemError(
        409,
        f"The piece begins at {at}, but the upload is at {actual}.",
        headers={"Upload-Offset": str(actual)},
    ) from error


class _Body:
    """The body of a request, which may take hours: as long as it comes, its client is alive."""

    def __init__(self, request: HttpRequest, grant: Grant | None = None) -> None:
        self._request = request
        self.grant = grant

    def read(self, size: int, /) -> bytes:
        block: bytes = self._request.read(size)
        if self.grant is not None:
            _leases.heard(self.grant)
        return block


def _after(grant: Grant, offset: int) -> None:
    """Put a whole upload away."""
    if offset == grant.length:
        _grants.forget(grant.upload_id)
        resumable.complete(grant, offset)
    else:
        _leases.heard(grant)


def _head(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = resumable.find(_caller(request), pk)
    headers = {
        "Upload-Offset": str(resumable.offset(found)),
        RECORDING: str(found.recording_id),
        **_expiry(found.expires_at),
    }
    if found.metadata:
        headers["Upload-Metadata"] = found.metadata
    known = found.length if found.announced is None else found.announced
    if known is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(known)
    return HttpResponse(status=200, headers=headers)


def _delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = _caller(request)
    found = resumable.find(user, pk)
    _grants.forget(pk)
    resumable.terminate(found, Actor(user, address_of(request)))
    return HttpResponse(status=204)


def _abilities() -> HttpResponse:
    return HttpResponse(
        status=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(intake.largest()),
            "Tus-Checksum-Algorithm": ",".join(tus_headers.DIGEST_BYTES),
            KINDS: ",".join(kinds.taken()),
        },
    )


def _not_allowed(methods: str) -> HttpResponse:
    raise ProblemError(405, f"Only {methods} are known here.", headers={"Allow": methods})


def _expiry(expires_at: datetime | None) -> dict[str, str]:
    return {"Upload-Expires": http_date(expires_at.timestamp())} if expires_at else {}


def _grant(request: HttpRequest, pk: UUID) -> Grant:
    """What the caller may do with the upload, from a look that is at most five seconds old."""
    token = bearer_token(request)  # another Authorization may be that of a proxy, and everybody's
    if not token and not request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        raise NotAuthenticated
    shown = [token] if token else [request.scheme or "", *(request.META.get(name, "") for name in _OF_A_BROWSER)]

    def look() -> Grant:
        if not token:
            require_csrf_header(request)
        try:
            return resumable.look(_caller(request), pk)
        finally:
            connections.give_back()

    return _grants.get(pk, hashlib.sha256("\n".join(shown).encode("utf-8", "surrogatepass")).hexdigest(), look)


# All by which it is told who a browser is, and whether it is a page of ours that sends.
_OF_A_BROWSER = ("HTTP_COOKIE", "HTTP_X_CSRFTOKEN", "HTTP_HOST", "HTTP_ORIGIN", "HTTP_REFERER")


def _caller(request: HttpRequest) -> User:
    """Who sends the request, looked up. Raises 401, or 403 for a token that is not for uploads."""
    wrapped = Request(request, authenticators=[BearerAuthentication(), CookieAuthentication()])
    user = wrapped.user
    if not isinstance(user, User):
        raise NotAuthenticated
    require_scope(user, Can.CAPTURE)
    return user


def _as_problem(error: Exception) -> Exception:
    """What the stages raise, as an answer."""
    if isinstance(error, APIException):
        return error
    if isinstance(error, MediaError):
        return refused(error)
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return ProblemError(status, str(error), headers=_SOON if status in (503, 507) else None)
    return error


_SOON = {"Retry-After": "30"}
_STATUS: dict[type[Exception], int] = {
    resumable.NoSuchUpload: 404,
    resumable.NotWanted: 409,
    kinds.SwitchedOff: 415,
    resumable.OverQuota: 507,
    resumable.Finished: 409,
    resumable.WrongLength: 400,
    pieces.ChecksumMismatch: 460,
    intake.TooLarge: 413,
    staging.Gone: 404,
    staging.DiskFull: 507,
    staging.StagingUnavailable: 503,
}
