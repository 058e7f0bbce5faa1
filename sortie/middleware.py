"""What the whole portal does around each request."""

from collections.abc import Callable
from contextlib import suppress

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from recordings import connections
from recordings.api.authentication import BearerAuthentication
from recordings.permissions import is_admin
from recordings.views.errors import strange_type
from sortie import probes


def answer_probes(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Before anything else, as who asks does not call the portal by one of its names."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        question = probes.Question(
            request.path,
            request.META.get("QUERY_STRING", ""),
            request.META.get("HTTP_AUTHORIZATION", ""),
            lambda: _is_admin(request),
        )
        found = probes.answer(question, with_figures=True)
        if found is None:
            return get_response(request)
        headers = {**found.headers, "Cache-Control": "no-store", "Content-Length": str(len(found.body))}
        return HttpResponse(found.body, found.content_type, found.status, headers=headers)

    return middleware


def _is_admin(request: HttpRequest) -> bool:
    with suppress(APIException, Error):
        user = Request(request, authenticators=[BearerAuthentication()]).user
        return user is not None and is_admin(user)
    return False


def refuse_strange_types(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer 415 to a Content-Type that `sortie.requests` could not read."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return strange_type(request) if getattr(request, "has_strange_type", False) else get_response(request)

    return middleware


def lend_database_to_views_only(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Give the database connection back before a response is streamed: a player may take hours over it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.streaming:
            connections.give_back()
        return response

    return middleware


class ContentPolicy(CSPMiddleware):
    """django-csp's, but the policy that most answers have is put together once, and not twice for each of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._usual = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if settings.DEBUG or any(name.startswith("_csp_") for name in vars(response)):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self._usual)
        return response
