"""Signing in with name and password, slowed down for those who guess.

Limits apply to an address together with a name, and to an address: nobody can lock another's account by failing in
its name from elsewhere.
"""

from django.contrib.auth import authenticate
from django.http import HttpRequest

from recordings import audit, throttle
from recordings.models import Action, AuditEvent, User
from recordings.throttle import Limit

TRIES_PER_NAME = 5
TRIES_PER_ADDRESS = 50


class WrongCredentials(Exception):
    """Name and password do not belong together, or the account is disabled."""


def sign_in(request: HttpRequest, username: str, password: str) -> User:
    """The active user with this name and password. Both outcomes are audited.

    Raises:
        WrongCredentials: they do not match.
        throttle.TooManyAttempts: no more attempts are looked at for `retry_after` seconds.
    """
    address = audit.address_of(request)
    name = username[:150]
    with throttle.attempt(*_limits(name, address)) as attempt:
        user = authenticate(request, username=username, password=password)
        if not isinstance(user, User):
            AuditEvent.objects.create(action=Action.LOGIN_FAILED, actor_name=name, address=address)
            raise WrongCredentials("User name or password is wrong.")
        attempt.succeed()
    audit.record(Action.LOGIN, audit.Actor(user, address))
    return user


def confirm(request: HttpRequest, user: User, password: str) -> None:
    """Make sure that who is signed in as `user` knows their password. Guesses count as those to sign in do.

    Raises:
        WrongCredentials: it is not theirs.
        throttle.TooManyAttempts: no more attempts are looked at for `retry_after` seconds.
    """
    address = audit.address_of(request)
    with throttle.attempt(*_limits(user.username, address)) as attempt:
        if not user.check_password(password):
            AuditEvent.objects.create(action=Action.LOGIN_FAILED, actor_name=user.username, address=address)
            raise WrongCredentials("This is not your password.")
        attempt.succeed()


def _limits(name: str, address: str | None) -> tuple[Limit, Limit]:
    network = throttle.network_of(address)
    return Limit(TRIES_PER_NAME, ("sign in", network, name)), Limit(TRIES_PER_ADDRESS, ("sign in", network))
