"""What the OpenAPI description says beyond what REST framework knows by itself."""

from http import HTTPStatus

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from recordings.api.serializers import ProblemOut

PROBLEM_TYPE = "application/problem+json"

PAGING = [
    OpenApiParameter("limit", int, description="Rows on a page, at most 500 (default 100)."),
    OpenApiParameter("cursor", str, description="From the `Link` header of the page before."),
]


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """The error answers of a route."""
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(ProblemOut, description=HTTPStatus(status).phrase)
        for status in statuses
    }


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
            "name": "sortie",
            "description": "The browser's session; anything but reading also needs the header X-CSRFToken.",
        }
