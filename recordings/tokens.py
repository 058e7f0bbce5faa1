"""Tokens, which programs show instead of a password: made, found again by their hash, and revoked."""

import logging
import secrets
import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha512
from typing import Any

from django.db import Error, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from recordings import audit
from recordings.audit import Actor
from recordings.models import Action, Token, User
from recordings.permissions import Scope
from recordings.titles import clean_title

logger = logging.getLogger(__name__)

# A prefix that scanners for lost secrets can know, then 238 bits: too many to guess, so a fast hash will do.
PREFIX = "sortie_"
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 40

LOGIN_LASTS = timedelta(hours=24)
MOST = 100
NOTED_EVERY = timedelta(minutes=1)
SHOWN_AFTER_END = timedelta(days=7)


class BadToken(ValueError):
    """No such token can be made; the text says why."""


def create(
    user: User, by: Actor, *, name: str, scopes: Iterable[Scope], expires_at: datetime | None
) -> tuple[Token, str]:
    """A token for a purpose, and what a program shows: known this once, only its hash is kept.

    expires_at: None for never.

    Raises:
        BadToken: the user has one of that name, or too many, or this one could do nothing.
    """
    name = clean_title(name, longest=100)
    granted = [scope for scope in Scope if scope in set(scopes)]
    if not name:
        raise BadToken("Give the token a name that says what it is for.")
    if not granted:
        raise BadToken("Say what the token may be used for.")
    if expires_at is not None and expires_at <= timezone.now():
        raise BadToken("A token has to end in the future.")
    if user.tokens.filter(from_login=False).count() >= MOST:
        raise BadToken(f"There are {MOST} tokens already; revoke some of them first.")
    try:
        with transaction.atomic():
            token, secret = _made(user, name=name, scopes=" ".join(granted), expires_at=expires_at)
            audit.record(Action.TOKEN_CREATE, by, **_facts(token), scopes=token.scopes, expires=_iso(expires_at))
    except IntegrityError as error:
        raise BadToken(f"There is a token called “{name}” already.") from error
    return token, secret


def create_for_login(user: User, by: Actor, *, agent: str) -> tuple[str, int]:
    """A token for a program that has shown name and password, and the seconds it lives. It may do everything.

    agent: what the program calls itself.
    """
    with transaction.atomic():
        token, secret = _made(
            user,
            name=clean_title(agent, longest=100) or "A program",
            scopes=" ".join(Scope),
            expires_at=timezone.now() + LOGIN_LASTS,
            from_login=True,
        )
        audit.record(Action.TOKEN_CREATE, by, **_facts(token), login=True)
    return secret, int(LOGIN_LASTS.total_seconds())


def find(secret: str) -> Token | None:
    """The token that is shown as `secret`, with its user; None if it is none any more, or its user is inactive."""
    token = Token.objects.select_related("user").filter(digest=_digest(secret)).first()
    if token is None or token.is_over or not token.user.is_active:
        return None
    return token


def admit(secret: str) -> Token | None:
    """What `find` finds, with a user who has no more than its scopes; that it is used is noted."""
    token = find(secret)
    if token is None:
        return None
    token.user.scopes = token.granted
    try:
        note_use(token, timezone.now())
    except Error as error:  # no reason to refuse what it is used for
        logger.warning("The use of token %s could not be noted: %s", token.pk, error)
    return token


def note_use(token: Token, now: datetime) -> None:
    """Write down that a token is used, at most once a minute."""
    if token.last_used_at is None or token.last_used_at <= now - NOTED_EVERY:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lte=now - NOTED_EVERY)
        Token.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)


def revoke(token: Token, by: Actor) -> bool:
    """End a token at once, whoever uses it. False if it was gone."""
    with transaction.atomic():
        if not Token.objects.filter(pk=token.pk).delete()[0]:
            return False
        audit.record(Action.TOKEN_REVOKE, by, **_facts(token))
    return True


def forget(now: datetime) -> int:
    """Remove tokens that have ended and that nobody need be told about any more; how many."""
    over = Q(expires_at__lte=now - SHOWN_AFTER_END) | Q(expires_at__lte=now, from_login=True)
    return Token.objects.filter(over).delete()[0]


def _made(user: User, *, name: str, scopes: str, expires_at: datetime | None, **facts: bool) -> tuple[Token, str]:
    secret = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    token = Token.objects.create(
        user=user,
        name=name,
        scopes=scopes,
        expires_at=expires_at,
        digest=_digest(secret),
        begins_with=secret[: len(PREFIX) + 4],
        **facts,
    )
    return token, secret


def _digest(secret: str) -> str:
    return sha512(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _facts(token: Token) -> dict[str, Any]:
    return {"account": token.user.username, "token": token.name, "begins_with": token.begins_with}


def _iso(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else "never"
