"""Connected terminals: installations of the asciinema command line, which upload as the user who has claimed them.

Each has made up an id of 122 random bits, which it shows with every upload. Its user opens `/connect/<id>` once and
says that it is theirs. https://docs.asciinema.org/manual/server/upload/
"""

from datetime import datetime, timedelta
from hashlib import sha512
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from recordings import audit
from recordings.audit import Actor
from recordings.models import Action, Install, User
from recordings.permissions import Scope
from recordings.titles import clean_title

NOTED_EVERY = timedelta(minutes=1)


class NotConnected(Exception):
    """Nobody has claimed the id."""


class Revoked(Exception):
    """It was claimed once, and is not to be used any more; or its user is not."""


class NotYours(Exception):
    """Somebody else has claimed it."""

    def __init__(self) -> None:
        super().__init__("This terminal is connected to another account.")


def user_of(install_id: UUID, *, login: str, agent: str) -> User:
    """Who uploads with an id; they can do nothing else with it. `login` and `agent` are what the client says.

    Raises:
        NotConnected, Revoked: nobody.
    """
    install = Install.objects.select_related("user").filter(digest=_digest(install_id)).first()
    if install is None:
        raise NotConnected
    if install.is_revoked or not install.user.is_active:
        raise Revoked
    _note_use(install, timezone.now(), login=clean_title(login, longest=100), agent=clean_title(agent, longest=100))
    install.user.scopes = frozenset({Scope.UPLOAD})
    return install.user


def found(install_id: UUID) -> Install | None:
    """The terminal with this id, if somebody has claimed it."""
    return Install.objects.filter(digest=_digest(install_id)).first()


def connect(user: User, install_id: UUID, by: Actor) -> Install:
    """Have the terminal with this id upload as `user`, also where they had revoked it.

    Raises:
        NotYours: somebody else has claimed it, be it revoked since or not.
    """
    with transaction.atomic():
        install, is_new = Install.objects.get_or_create(
            digest=_digest(install_id), defaults={"user": user, "begins_with": str(install_id)[:8]}
        )
        if install.user_id != user.pk:
            raise NotYours
        back = Install.objects.filter(pk=install.pk, revoked_at__isnull=False).update(revoked_at=None)
        if is_new or back:
            audit.record(Action.CONNECT, by, **_facts(install))
    install.revoked_at = None
    return install


def revoke(install: Install, by: Actor) -> bool:
    """Let the terminal upload no more. False if it could not already."""
    with transaction.atomic():
        if not Install.objects.filter(pk=install.pk, revoked_at=None).update(revoked_at=timezone.now()):
            return False
        audit.record(Action.DISCONNECT, by, **_facts(install))
    return True


def _note_use(install: Install, now: datetime, **said: str) -> None:
    """Write down that it is used, at most once a minute."""
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=now - NOTED_EVERY)
    Install.objects.filter(unnoted, pk=install.pk).update(last_used_at=now, **said)


def _digest(install_id: UUID) -> str:
    return sha512(str(install_id).encode()).hexdigest()


def _facts(install: Install) -> dict[str, Any]:
    return {"account": install.user.username, "terminal": install.begins_with}
