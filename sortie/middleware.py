"""What the whole portal does around each request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from recordings import connections
from recordings.views.errors import strange_type


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
