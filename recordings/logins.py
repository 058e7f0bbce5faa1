"""Signing in with name and password, slowed down for those who guess.

The audit log counts the failures, so the limit holds across processes and needs no cache. Limits apply to an
address together with a name, and to an address: nobody can lock another's account by failing in its name.
"""

from datetime import timedelta

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils import timezone
from knox.models import AuthToken
from knox.settings import knox_settings

from recordings import audit
from recordings.models import Action, AuditEvent, User

WINDOW = timedelta(minutes=5)
TRIES_PER_NAME = 5
TRIES_PER_ADDRESS = 50


class WrongCredentials(Exception):
    """Name and password do not belong together, or the account is disabled."""


class TooManyAttempts(Exception):
    """Too many failures of late from this address."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts to sign in. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


def sign_in(request: HttpRequest, username: str, password: str) -> User:
    """The active user with this name and password. Both outcomes are audited.

    Raises:
        WrongCredentials: they do not match.
        TooManyAttempts: no more attempts are looked at for `retry_after` seconds.
    """
    address = audit.address_of(request)
    name = username[:150]
    _refuse_guessing(name, address)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        AuditEvent.objects.create(action=Action.LOGIN_FAILED, actor_name=name, address=address)
        raise WrongCredentials("User name or password is wrong.")
    audit.record(Action.LOGIN, audit.Actor(user, address))
    return user


def issue_token(user: User) -> tuple[str, int]:
    """A new bearer token for `user`, shown this once (only its hash is kept), and the seconds it lives."""
    _, token = AuthToken.objects.create(user=user)
    return token, int(knox_settings.TOKEN_TTL.total_seconds())


def revoke_token(token: AuthToken) -> None:
    """End a bearer token at once, whoever uses it."""
    token.delete()


def _refuse_guessing(name: str, address: str | None) -> None:
    now = timezone.now()
    failures = AuditEvent.objects.filter(action=Action.LOGIN_FAILED, address=address, at__gte=now - WINDOW)
    for relevant, limit in ((failures.filter(actor_name=name), TRIES_PER_NAME), (failures, TRIES_PER_ADDRESS)):
        times = list(relevant.order_by("-at").values_list("at", flat=True)[:limit])
        if len(times) == limit:
            raise TooManyAttempts(max(1, int((times[-1] + WINDOW - now).total_seconds())))
