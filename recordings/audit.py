"""The audit log: who did what, when, from where. Call it inside the transaction of the change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from recordings import trace
from recordings.models import Action, AuditEvent
from recordings.webhooks.announce import announce

if TYPE_CHECKING:
    from recordings.models import Recording, Session, User


@dataclass(frozen=True)
class Actor:
    """Who acts. Without a user it is Sortie itself, or somebody who has not signed in and is called `name`."""

    user: "User | None" = None
    address: str | None = None
    name: str = ""


SORTIE = Actor()

MOST_KNOWN = 4096  # accesses remembered by a process


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in user of a request and the address it came from."""
    user = request.user if request.user.is_authenticated else None
    return Actor(user, address_of(request))


def address_of(request: HttpRequest) -> str | None:
    """The address of the client that sent a request."""
    return client_address(
        forwarded=request.META.get("HTTP_X_FORWARDED_FOR", ""), peer=request.META.get("REMOTE_ADDR", "")
    )


def client_address(*, forwarded: str, peer: str) -> str | None:
    """The client's address: what our own proxy added to `X-Forwarded-For`, or the peer's."""
    ours = forwarded.rpartition(",")[2] if settings.SORTIE_BEHIND_PROXY else ""
    return _address(ours) or _address(peer)


def _address(text: str) -> str | None:
    """An IP address without its zone, or None: proxies also say `unknown`, and a socket file has no address."""
    try:
        return str(ip_address(text.strip().partition("%")[0]))
    except ValueError:
        return None


def record(
    action: Action,
    by: Actor,
    *,
    recording: "Recording | None" = None,
    session: "Session | None" = None,
    **detail: Any,
) -> AuditEvent:
    """Write one event, and have webhooks told. `detail` must be JSON; a recording brings its session along."""
    if recording is not None:
        trace.note(recording_id=recording.pk)
    event = _event(action, by, recording, session, detail)
    event.save(force_insert=True)
    announce([event])
    return event


def record_all(action: Action, by: Actor, done: Iterable[tuple["Recording", dict[str, Any]]]) -> None:
    """The same for very many recordings, each with its detail, in a few statements for all."""
    announce(AuditEvent.objects.bulk_create(_event(action, by, recording, None, each) for recording, each in done))


def _event(
    action: Action, by: Actor, recording: "Recording | None", session: "Session | None", detail: dict[str, Any]
) -> AuditEvent:
    return AuditEvent(
        action=action,
        actor=by.user,
        actor_name=by.user.username if by.user else by.name,
        address=by.address,
        recording_id=recording.pk if recording else None,
        session_id=recording.session_id if recording else session.pk if session else None,
        detail=detail,
    )


def record_access(action: Action, by: Actor, recording: "Recording", *, from_start: bool, **detail: Any) -> bool:
    """Write that somebody watches or downloads, once for all the ranges a client asks for; whether it was written.

    A download from the first byte is always a new one; a view within a minute of the last one is the same.
    A range from the middle belongs to what was begun within the last hour. Guests are known by their address.
    """
    if not (from_start and action == Action.DOWNLOAD):
        since = timezone.now() - (timedelta(minutes=1) if from_start else timedelta(hours=1))
        who = (by.user.pk, None) if by.user else (None, by.address)
        if _is_written(_Access(action, recording.pk, *who), since):
            return False
    record(action, by, recording=recording, **detail)
    return True


class _Access(NamedTuple):
    action: Action
    recording: UUID
    actor: UUID | None
    address: str | None  # of a guest


def _is_written(access: _Access, since: datetime) -> bool:
    """Whether it is in the log. What was found there stays there, and is not looked up for each range."""
    known = _last_written.get(access)
    if known is None or known < since:
        of_it = AuditEvent.objects.filter(recording_id=access.recording, action=access.action, at__gte=since)
        whose = {"actor_id": access.actor} if access.actor else {"actor_id": None, "address": access.address}
        known = of_it.filter(**whose).aggregate(last=Max("at"))["last"]
        if known is None:
            return False
        if len(_last_written) >= MOST_KNOWN:
            _last_written.clear()
        _last_written[access] = known
    return known >= since


_last_written: dict[_Access, datetime] = {}


def activity(recording: "Recording") -> QuerySet[AuditEvent]:
    """Everything that happened to a recording, newest first."""
    return AuditEvent.objects.filter(recording_id=recording.pk).order_by("-at", "-id")
