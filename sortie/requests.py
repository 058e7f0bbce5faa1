"""Requests whatever `Content-Type` they have: with some, Django fails before anything could answer them."""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

# Everything Sortie is sent is JSON, which is UTF-8, or bytes, or a form of its own pages.
CHARSETS = {"", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252"}


class Request(WSGIRequest):
    """Django's, which decodes the query by the body's charset as soon as it is made, be that `hex` or `undefined`.

    has_strange_type: its Content-Type is to be refused and was not looked at any further.
    """

    has_strange_type = False

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        if not _is_plain(meta.get("CONTENT_TYPE", "")):
            self.has_strange_type, meta = True, {}
        super()._set_content_type_params(meta)  # type: ignore[misc]  # its types do not have it


class Handler(WSGIHandler):
    """Django's WSGI application, with these requests."""

    request_class = Request


def _is_plain(content_type: str) -> bool:
    try:
        _, parameters = parse_header_parameters(content_type)
    except (ValueError, LookupError):
        return False
    return str(parameters.get("charset", "")).lower() in CHARSETS
