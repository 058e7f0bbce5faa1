"""The container desktop of a session: where it is, and who may see it."""

import re
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from recordings import audit, secrets
from recordings.audit import Actor
from recordings.models import Action, Session, SessionStatus, User
from recordings.permissions import Can, can

HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})", re.ASCII)
_SOCKET = re.compile(r"/[^\0]+")


class BadTarget(ValueError):
    """The text is no address of a desktop."""


class NoDesktop(Exception):
    """There is no such session, or it has no desktop, or it is not the user's to see."""


class NotRunning(Exception):
    """The session has not begun, or is over."""


@dataclass(frozen=True)
class Desktop:
    """`target` is host:port or the path of a Unix socket."""

    target: str
    password: str = field(repr=False)


def checked_target(target: str) -> str:
    """The address itself, of a VNC server. Raises BadTarget."""
    match = HOST_AND_PORT.fullmatch(target)
    if (match and 0 < int(match["port"]) < 65536) or _SOCKET.fullmatch(target):
        return target
    raise BadTarget("The desktop's address must be host:port, or the path of a Unix socket.")


def open_for(user: User, pk: UUID, by: Actor) -> Desktop:
    """The desktop of a running session, for a user who may see it. Audited.

    Raises:
        NoDesktop, NotRunning.
    """
    session = check(user.pk, pk)
    with transaction.atomic():
        audit.record(Action.SESSION_OPEN, by, session=session)
    try:
        return Desktop(session.target, secrets.unseal(session.password))
    except secrets.Unreadable as error:
        raise NoDesktop(str(error)) from error


def reseal_passwords() -> tuple[int, int]:
    """Write every stored password anew with the present SECRET_KEY: how many, and how many could not be read."""
    rewritten = unreadable = 0
    for session in Session.objects.exclude(password="").only("password").iterator():
        try:
            sealed = secrets.resealed(session.password)
        except secrets.Unreadable:
            unreadable += 1
        else:
            # Unless another one was set meanwhile.
            there = Session.objects.filter(pk=session.pk, password=session.password)
            rewritten += there.update(password=sealed)
    return rewritten, unreadable


def check(user_id: UUID, pk: UUID) -> Session:
    """The running session, as it and its viewer are now. Raises what `open_for` does."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    session = Session.objects.visible_to(user).filter(pk=pk).first() if user else None
    if user is None or session is None or not session.has_desktop or not can(user, Can.VIEW, session):
        raise NoDesktop("There is no such desktop, or it is not yours.")
    if session.status != SessionStatus.RUNNING:
        raise NotRunning("The session is over.")
    return session
