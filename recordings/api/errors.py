"""Every error of the API as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from recordings import trace
from recordings.storage import ObjectMissing, StorageUnavailable

_SOON = {"Retry-After": "60"}
_VERY_SOON = {"Retry-After": "2"}


class ProblemError(exceptions.APIException):
    """An error with its status and a sentence for the client; `more` are further members of the document."""

    def __init__(
        self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: int | str | None
    ) -> None:
        super().__init__(detail)
        self.status_code = status
        self.headers = headers or {}
        self.more = more


def problem(
    status: int, detail: str, *, title: str | None = None, headers: dict[str, str] | None = None, **more: Any
) -> JsonResponse:
    """A problem document; `more` are further members, such as `errors` by field.

    `request_id` is what to name when asking about it: lines of the log have it too.
    """
    body = {"title": title or _phrase(status), "status": status, "detail": detail, **more}
    if request_id := trace.current().get("request_id"):
        body["request_id"] = request_id
    return JsonResponse(body, status=status, headers=headers, content_type="application/problem+json")


def _phrase(status: int) -> str:
    # 460 is tus's own: https://tus.io/protocols/resumable-upload#checksum
    return "Checksum Mismatch" if status == 460 else HTTPStatus(status).phrase


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse | Response | None:
    """DRF's exception handler. None lets Django log the error and answer 500."""
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is no such thing, or it is not yours to see.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied("Your account may not do this.")
    elif isinstance(error, RequestDataTooBig):
        error = ProblemError(413, "The request is too large.")
    elif isinstance(error, StorageUnavailable):
        error = ProblemError(
            503, "The store of recordings cannot be reached. Try again in a minute.", headers=_SOON
        )
    elif isinstance(error, OperationalError | InterfaceError):
        error = ProblemError(503, "The database cannot be reached. Try again in a moment.", headers=_VERY_SOON)
    elif isinstance(error, ObjectMissing):
        error = ProblemError(404, "The recording's bytes are missing from the store. Tell an admin.")
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    return problem(error.status_code, _sentence(error.detail), headers=_headers(error), **_members(error))


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = dict(getattr(error, "headers", {}))
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        headers["WWW-Authenticate"] = 'Bearer realm="Sortie"'
    return headers


def _members(error: exceptions.APIException) -> dict[str, Any]:
    fields = {"errors": error.detail} if isinstance(error.detail, dict) else {}
    more = {name: value for name, value in getattr(error, "more", {}).items() if value is not None}
    return {**fields, **more}


def _sentence(detail: Any) -> str:
    """The first message of a validation error, with the field it is about."""
    if isinstance(detail, dict):
        name, value = next(iter(detail.items()))
        text = _sentence(value)
        return text if name == "non_field_errors" else f"{name}: {text}"
    if isinstance(detail, list):
        return _sentence(detail[0]) if detail else ""
    return str(detail)
