"""Who is calling: a bearer token, or the browser's session cookie with its CSRF token in a header."""

import io
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from recordings import tokens
from recordings.models import Token, User
from recordings.permissions import Can, Scope, is_admin, missing_scope

if TYPE_CHECKING:  # REST framework's views import this module to find their defaults
    from rest_framework.views import APIView

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. The user that comes of it can do no more than the token's scopes allow."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        secret = bearer_token(request)
        if secret is None:
            return None
        token = tokens.admit(secret)
        if token is None:
            raise exceptions.AuthenticationFailed("The token is not valid, or no longer.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Sortie"'


def bearer_token(request: HttpRequest | Request) -> str | None:
    """What the request shows as a bearer token; None if it shows none, but perhaps something else."""
    kind, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


class MissingScope(exceptions.PermissionDenied):
    """The token's user may, the token may not. RFC 6750, 3.1."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"The token may not be used for this: it lacks the scope “{scope}”.")
        self.headers = {"WWW-Authenticate": f'Bearer realm="Sortie", error="insufficient_scope", scope="{scope}"'}


def require_scope(user: Any, action: Can) -> None:
    """Raises MissingScope if the request's token is not for such actions, be there an object or not."""
    scope = missing_scope(user, action)
    if scope is not None:
        raise MissingScope(scope)


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
    """Signed in, with a credential for what the view does: by default seeing things, or managing them.

    A view whose methods do something else says so in `does`.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not (request.user and request.user.is_authenticated and request.user.is_active):
            return False
        require_scope(request.user, action_of(view, request.method or ""))
        return True


def action_of(view: "APIView", method: str) -> Can:
    """What a view does when asked by `method`, as far as tokens are concerned."""
    does: dict[str, Can] = getattr(view, "does", {})
    return does.get(method, Can.VIEW if method in SAFE_METHODS else Can.EDIT)


class Admin(SignedIn):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return super().has_permission(request, view) and is_admin(request.user)
