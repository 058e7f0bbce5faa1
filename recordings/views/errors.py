"""Error answers outside the API's own views: a page for people, a problem document under /api/."""

import sys
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from recordings import trace
from recordings.api.errors import problem

_TEXTS = {
    400: ("Bad request", "Sortie could not read what your browser sent. Go back and try again."),
    403: ("Not allowed", "Your account may not do this. Ask an admin if you think it should."),
    404: ("Not found", "There is nothing here, or it is not yours to see."),
    415: (
        "Not understood",
        "Sortie cannot read what your browser sent: its Content-Type is not one of text in UTF-8.",
    ),
    500: ("Something failed", "Sortie could not finish this. It has been logged; try again in a moment."),
    503: ("Not there at present", "The database cannot be reached. Nothing is lost; try again in a moment."),
}


def _answer(request: HttpRequest, status: int, text: str | None = None) -> HttpResponse:
    title, default = _TEXTS[status]
    detail = text or default
    if request.path.startswith("/api/"):
        return problem(status, detail, title=HTTPStatus(status).phrase)
    facts = {"title": title, "detail": detail, "status": status}
    if status >= 500:
        facts["request_id"] = trace.current().get("request_id", "")
    return render(request, "recordings/error.html", facts, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


def strange_type(request: HttpRequest) -> HttpResponse:
    return _answer(request, 415)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls it while it handles what went wrong."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _answer(request, 500)
    response = _answer(request, 503)
    response.headers["Retry-After"] = "2"
    return response


def csrf_failure(request: HttpRequest, reason: str = "", **kwargs: Any) -> HttpResponse:
    return _answer(request, 403, "This page was open too long or in another sign-in. Reload it and try again.")
