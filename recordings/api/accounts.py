"""Signing in and out for programs."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import logins, throttle, tokens
from recordings.api.authentication import BearerAuthentication, SignedIn
from recordings.api.errors import ProblemError
from recordings.api.schema import problems
from recordings.api.serializers import LoginIn, LoginOut, UserOut
from recordings.audit import Actor, actor_of, address_of
from recordings.models import Token
from recordings.permissions import Can


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
        by = Actor(user, address_of(request._request))
        token, seconds = tokens.create_for_login(user, by, agent=request.headers.get("User-Agent", ""))
        return Response({"access_token": token, "expires_in": seconds, "user": UserOut(user).data})


class Logout(APIView):
    authentication_classes = [BearerAuthentication]
    permission_classes = [SignedIn]
    does: ClassVar = {"POST": Can.SIGN_OUT}

    @extend_schema(operation_id="logout", request=None, responses={204: None, **problems(401)})
    def post(self, request: Request) -> Response:
        """End the bearer token the request is made with."""
        if isinstance(request.auth, Token):
            tokens.revoke(request.auth, actor_of(request))
        return Response(status=204)
