"""Starting and stopping a recording, and the sessions it is made in."""

import logging
from contextlib import suppress
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from recordings import audit, desktops, secrets
from recordings.audit import Actor
from recordings.models import Action, Kind, Recording, Session, SessionStatus, Status, User, WrongStatusError
from recordings.models.session import SessionKind
from recordings.search.index import describe
from recordings.titles import UNNAMED, clean_title

logger = logging.getLogger(__name__)

# A capture that sends nothing while it runs cannot be told from a dead one; after this it counts as silent.
CAPTURE_LEASE = timedelta(hours=24)
# From the end of the capture to the first byte of its upload.
UPLOAD_LEASE = timedelta(minutes=15)


class NotRunning(Exception):
    """The session has not begun or is over."""


def open_session(*, owner: User, by: Actor, app_id: str, password: str = "", **facts: str) -> Session:
    """A new session of `owner`; `facts` are further fields of it. What `app_id` shows must not be empty.

    The VNC server's `password` is kept encrypted.

    Raises:
        desktops.BadTarget: the desktop's `target` is no address.
    """
    facts["title"] = clean_title(facts.get("title", ""))
    facts["target"] = clean_title(facts.get("target", ""), longest=255)
    facts["password"] = secrets.seal(password)
    if facts["target"] and facts.get("kind") == SessionKind.DESKTOP:
        desktops.checked_target(facts["target"])
    with transaction.atomic():
        session = Session.objects.create(owner=owner, app_id=clean_title(app_id, longest=100), **facts)
        audit.record(Action.SESSION_START, by, session=session)
    return session


def close_session(session: Session, by: Actor) -> Session:
    """End a session. Its recordings can still be stopped and uploaded. Ending it again changes nothing."""
    with transaction.atomic():
        now = timezone.now()
        running = Session.objects.filter(pk=session.pk).exclude(status=SessionStatus.STOPPED)
        if running.update(status=SessionStatus.STOPPED, stopped_at=now):
            session.status, session.stopped_at = SessionStatus.STOPPED, now
            audit.record(Action.SESSION_STOP, by, session=session)
    return session


def start(session: Session, by: Actor, *, kind: Kind = Kind.VIDEO, title: str | None = None) -> Recording:
    """A new recording in a running session, owned by the session's owner and called like it unless named.

    Raises:
        NotRunning: the session is not running.
    """
    with transaction.atomic():
        live = Session.objects.select_for_update().filter(pk=session.pk, status=SessionStatus.RUNNING)
        if not live.exists():
            raise NotRunning("The session is not running, so it cannot be recorded.")
        recording = Recording.objects.create(
            session=session,
            owner_id=session.owner_id,
            kind=kind,
            title=session.title if title is None else clean_title(title),
            lease_until=timezone.now() + CAPTURE_LEASE,
        )
        describe(recording)
        audit.record(Action.START, by, recording=recording)
    return recording


def receive(owner: User, by: Actor, *, kind: Kind, title: str, filename: str, app_id: str = "upload") -> Recording:
    """A recording of something that was recorded elsewhere and is now to be uploaded, in a session of its own.

    A terminal recording without a title is named by what is in it.
    """
    is_terminal = kind == Kind.TERMINAL
    where = SessionKind.TERMINAL if is_terminal else SessionKind.SCREEN
    called = title or filename or (UNNAMED if is_terminal else "")
    session = open_session(owner=owner, by=by, app_id=app_id, kind=where, title=called)
    recording = stop(start(session, by, kind=kind, title=title if is_terminal else None), by)
    close_session(session, by)
    return recording


def stop(recording: Recording, by: Actor) -> Recording:
    """The capture is over and its bytes are to come. Doing it again, or to a ready one, changes nothing.

    Nor does it to a failed one whose bytes are kept: only an upload, or a retry, moves that on.
    """
    with transaction.atomic():
        if not recording.uploads.sealed().exists():
            _expect_bytes(recording, by)
    recording.refresh_from_db(fields=["status"])
    return recording


def still_sending(session: Session) -> None:
    """Bytes for one of the session's recordings are coming in. Which is not known yet, so none counts as silent."""
    until = timezone.now() + UPLOAD_LEASE
    try:
        session.recordings.filter(status=Status.UPLOADING, lease_until__lt=until).update(lease_until=until)
    except DatabaseError as error:  # no reason to break off: the next sign may be heard
        logger.warning("Session %s could not be noted as sending: %s", session.pk, error)


def _expect_bytes(recording: Recording, by: Actor) -> None:
    lease_until = timezone.now() + UPLOAD_LEASE
    with suppress(WrongStatusError):
        recording.advance(Status.UPLOADING, lease_until=lease_until, error="", incomplete=False)
        recording.uploads.growing().filter(lease_until=None).update(lease_until=lease_until)
        audit.record(Action.STOP, by, recording=recording)
