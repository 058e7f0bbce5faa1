"""Who is calling: a bearer token, or the browser's session cookie with its CSRF token in a header."""

import io
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from knox.auth import TokenAuthentication
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from recordings.models import User
from recordings.permissions import is_admin

if TYPE_CHECKING:  # REST framework's views import this module to find their defaults
    from rest_framework.views import APIView

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Bearer <token>`; tokens are stored hashed."""

    def authenticate_credentials(self, token: bytes) -> Any:
        if not token.isalnum():
            raise exceptions.AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)


class CookieAuthentication(BaseAuthentication):
    """The session cookie. Anything but reading needs the header `X-CSRFToken`.

    The token is never looked for in the body: Django would read a whole upload to find it, for anybody.
    """

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        if request.method not in SAFE_METHODS:
            require_csrf_header(request._request)
        return user, None


def require_csrf_header(request: HttpRequest) -> None:
    """Refuse a request of a browser that does not carry its CSRF token in the header."""
    # The same environment, so the same scheme, host and cookies; but nothing to read.
    nothing = {"wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0", "CONTENT_TYPE": ""}
    headers_only = WSGIRequest({**request.META, **nothing})
    check = CSRFCheck(_unused_response)
    check.process_request(headers_only)
    if check.process_view(headers_only, _unused_response, (), {}) is not None:
        raise exceptions.PermissionDenied(
            "The CSRF token is missing or wrong; send it in the X-CSRFToken header, or reload the page."
        )


def _unused_response(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse()


class Nobody(BasePermission):
    """The default: a view that forgot to say who may call it is closed."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return False


class SignedIn(BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return bool(request.user and request.user.is_authenticated and request.user.is_active)


class Admin(BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return is_admin(request.user)
