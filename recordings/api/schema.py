"""What the OpenAPI description says beyond what REST framework knows by itself."""

from http import HTTPStatus

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from recordings import library
from recordings.api import paging
from recordings.api.authentication import action_of
from recordings.api.serializers import ProblemOut
from recordings.permissions import scope_for

PROBLEM_TYPE = "application/problem+json"

PAGING = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": paging.MOST, "default": library.PAGE},
        description="Rows on a page.",
    ),
    OpenApiParameter("cursor", str, description="From the `Link` header of the page before."),
]


def _sent(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text)


def _told(name: str, text: str, *statuses: int) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=list(statuses))


RANGES = [
    _sent("Range", "`bytes=first-last`: only these. Several ranges at once get the whole."),
    _sent("If-Range", "The `ETag` that the range is meant for; of another one all is sent."),
    _sent("If-Match", "The `ETag` that must still be current."),
    _sent("If-None-Match", "The `ETag` that the client has."),
    _told("ETag", "The same bytes always have the same one.", 200, 206, 304, 412, 416),
    _told("Last-Modified", "When it became ready.", 200, 206, 304, 416),
    _told("Accept-Ranges", "`bytes`.", 200, 206, 304, 416),
    _told("Content-Range", "Which bytes of how many these are.", 206, 416),
    _told("Content-Disposition", "The name of the file.", 200, 206),
    _told("Location", "A signed address, good for some minutes.", 302),
]
"""Headers of what is sent by ranges, asked and answered (RFC 9110)."""


MADE = [_told("Location", "Where the recording is.", 201)]


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """The error answers of a route."""
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(ProblemOut, description=HTTPStatus(status).phrase)
        for status in statuses
    }


class Operation(AutoSchema):
    """What is known of a view, and the scope that a token needs to use it."""

    def get_extensions(self) -> dict[str, str]:
        scope = scope_for(action_of(self.view, self.method))
        return {"x-scope": scope} if scope and self.get_auth() != [{}] else {}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "recordings.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token. Its scopes: `read` for GET, `upload` for sessions, capture and uploads, "
            "`manage` for the rest; 403 names the one that is missing.",
        }


class CookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "recordings.api.authentication.CookieAuthentication"
    name = "cookie"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The browser's session.",
        }
