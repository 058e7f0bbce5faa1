"""Signing in and out for programs."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from knox.views import LogoutView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import logins, throttle
from recordings.api.authentication import BearerAuthentication, SignedIn
from recordings.api.errors import ProblemError
from recordings.api.schema import problems
from recordings.api.serializers import LoginIn, LoginOut, UserOut


class Login(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(operation_id="login", request=LoginIn, responses={200: LoginOut, **problems(400, 401, 429)})
    def post(self, request: Request) -> Response:
        """Exchange name and password for a bearer token. Slowed down after failures."""
        given = LoginIn(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            user = logins.sign_in(request._request, **given.validated_data)
        except logins.WrongCredentials as error:
            raise ProblemError(401, str(error), headers={"WWW-Authenticate": 'Bearer realm="Sortie"'}) from error
        except throttle.TooManyAttempts as error:
            raise ProblemError(429, str(error), headers={"Retry-After": str(error.retry_after)}) from error
        token, seconds = logins.issue_token(user)
        return Response({"access_token": token, "expires_in": seconds, "user": UserOut(user).data})


class Logout(LogoutView):  # type: ignore[misc]
    """End the bearer token the request is made with."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [SignedIn]

    @extend_schema(operation_id="logout", request=None, responses={204: None, **problems(401)})
    def post(self, request: Request, format: None = None) -> HttpResponse:  # noqa: A002
        """End the bearer token the request is made with."""
        response: HttpResponse = super().post(request, format=format)
        return response
