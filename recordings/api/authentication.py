"""Who is calling: a bearer token, or the browser's session cookie with its CSRF token in a header."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from knox.auth import TokenAuthentication
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from recordings.models import User
from recordings.permissions import is_admin

if TYPE_CHECKING:  # REST framework's views import this module to find their defaults
    from rest_framework.views import APIView

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Bearer <token>`; tokens are stored hashed."""


class CookieAuthentication(BaseAuthentication):
    """The session cookie. Anything but reading needs the header `X-CSRFToken`.

    The token is never looked for in the body: Django would read a whole upload to find it, for anybody.
    """

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        if request.method not in SAFE_METHODS:
            _require_csrf_header(request._request)
        return user, None


def _require_csrf_header(request: HttpRequest) -> None:
    headers_only = HttpRequest()
    headers_only.method = request.method
    headers_only.META = request.META
    headers_only.COOKIES = request.COOKIES
    check = CsrfViewMiddleware(_unused_response)
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
