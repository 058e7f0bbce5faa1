"""What the whole portal does around each request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from recordings import connections


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
