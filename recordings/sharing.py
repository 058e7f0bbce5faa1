"""Share links: made and revoked by who may, and followed by guests, who may do nothing else.

A guest who opens a link is let in by a visit: a signed number. The first byte that is given away for it makes it a
view, in the same transaction in which views are counted against the link's limit; previews that chat programs fetch
of the page are none. Every request asks the database whether the link still leads anywhere, and a body that is
being sent asks every other second: so bytes are always sent from here, and no proxy or object store is left to do
it, which would know nothing of the link.
"""

import secrets
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.hashers import check_password, make_password
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from recordings import audit, casts, connections, playback, segments, throttle, watching
from recordings.audit import Actor
from recordings.models import Action, Kind, Recording, ShareLink, ShareVisit, Status
from recordings.permissions import Can, can
from recordings.throttle import Limit

PRESET = timedelta(days=7)
LONGEST = timedelta(days=365)
MOST = 100
VISIT_LASTS = timedelta(hours=12)
LOOK_EVERY = 2.0
TRIES = 5
TRIES_PER_ADDRESS = 50

_SIGNER = signing.TimestampSigner(salt="recordings.sharing")


class BadLink(ValueError):
    """No such link can be made; the text says why."""


class NoSuchLink(Exception):
    """There is none, or it leads nowhere any more; which of them is nobody's business."""


class WrongPassword(Exception):
    """It is not that of the link."""


class LinkClosed(Exception):
    """It was revoked or ended while something was being sent by it."""


# --- For who shares -------------------------------------------------------------------------------------------


def create(
    recording: Recording,
    by: Actor,
    *,
    lasts: timedelta = PRESET,
    password: str = "",
    can_download: bool = False,
    view_limit: int | None = None,
) -> tuple[ShareLink, str]:
    """A link to a recording, and the secret for its address: known this once.

    Raises:
        BadLink: the recording is not ready, or has too many.
    """
    if recording.status != Status.READY:
        raise BadLink("Only a recording that is ready can be shared.")
    now = timezone.now()
    if recording.shares.alive(now).count() >= MOST:
        raise BadLink(f"There are {MOST} links to this recording already; revoke some of them first.")
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        link = ShareLink.objects.create(
            recording=recording,
            author=by.user,
            digest=_digest(secret),
            password=make_password(password) if password else "",
            can_download=can_download,
            view_limit=view_limit,
            expires_at=now + min(lasts, LONGEST),
        )
        audit.record(Action.SHARE, by, recording=recording, **_facts(link))
    return link, secret


def revoke(link: ShareLink, by: Actor) -> bool:
    """Have a link lead nowhere from now on, for those too who are watching by it. False if it did already."""
    with transaction.atomic():
        if not ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now()):
            return False
        audit.record(Action.UNSHARE, by, recording=link.recording, share=str(link))
    return True


def forget(now: datetime) -> int:
    """Remove visits that are over; what they came to is counted. How many."""
    return ShareVisit.objects.filter(created_at__lt=now - 2 * VISIT_LASTS).delete()[0]


# --- For guests -----------------------------------------------------------------------------------------------


def find(secret: str) -> ShareLink:
    """The link whose address has `secret`, if it still leads anywhere.

    Raises:
        NoSuchLink: it does not, because of itself, its recording, or what its author may do by now.
    """
    return _alive(digest=_digest(secret))


def let_in(link: ShareLink, password: str, address: str | None) -> None:
    """Check the password of a link that has one.

    Raises:
        WrongPassword: it is another.
        throttle.TooManyAttempts: no more are looked at for some seconds.
    """
    network = throttle.network_of(address)
    limits = (Limit(TRIES, ("share", str(link.pk), network)), Limit(TRIES_PER_ADDRESS, ("share", network)))
    with throttle.attempt(*limits) as attempt:
        if not check_password(password, link.password):
            raise WrongPassword
        attempt.succeed()


def new_visit(link: ShareLink) -> str:
    """What lets a guest in for some hours. It counts once they are given a byte."""
    return _SIGNER.sign(f"{link.pk.hex}-{uuid4().hex}")


def visit_of(link: ShareLink, text: str) -> UUID | None:
    """The visit that `text` stands for, if we gave it out, for this link, and it is not over."""
    try:
        owner, _, visit = _SIGNER.unsign(text, max_age=VISIT_LASTS).partition("-")
        return UUID(visit) if UUID(owner) == link.pk else None
    except (signing.BadSignature, ValueError):
        return None


def is_viewing(link: ShareLink, visit: UUID | None) -> bool:
    """Whether the visit was counted."""
    return visit is not None and ShareVisit.objects.filter(pk=visit, link=link).exists()


def begin(link: ShareLink, visit: UUID, address: str | None) -> None:
    """Count the visit as a view, unless it was.

    Raises:
        NoSuchLink: the link has been watched as often as it may be.
    """
    if is_viewing(link, visit):
        return
    now = timezone.now()
    try:
        with transaction.atomic():
            left = Q(view_limit=None) | Q(views__lt=F("view_limit"))
            if not ShareLink.objects.filter(left, pk=link.pk).update(views=F("views") + 1, last_used_at=now):
                if is_viewing(link, visit):  # the last view was this one's, by a request at the same moment
                    return
                raise NoSuchLink
            ShareVisit.objects.create(pk=visit, link=link, created_at=now)
            audit.record(Action.VIEW, _guest(address), recording=link.recording, share=str(link))
    except IntegrityError:  # another request of the same guest came first, and all of this was undone
        return


def watch(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    """The bytes for the guest's player. Raises what `playback.media_response` does."""
    return _closing(_content(request, link.recording, attachment=False), link)


def segment_index(link: ShareLink) -> HttpResponseBase:
    """What the guest's player asks for first of a large terminal recording. Raises segments.NoSegments."""
    return _closing(segments.index(link.recording), link)


def segment(request: HttpRequest, link: ShareLink, number: int) -> HttpResponseBase:
    """One segment of it, without anything typed. Raises what `segments.part` does."""
    return _closing(segments.part(request, link.recording, number), link)


def download(request: HttpRequest, link: ShareLink, address: str | None) -> HttpResponseBase:
    """The recording as a file, where the link allows it. Raises NoSuchLink, and what `media_response` does."""
    if not link.can_download:
        raise NoSuchLink
    response = _content(request, link.recording, attachment=True)
    if request.method == "GET" and response.status_code in (200, 206):
        guest, begins = _guest(address), watching.from_start(request)
        with transaction.atomic():
            if audit.record_access(Action.DOWNLOAD, guest, link.recording, from_start=begins, share=str(link)):
                now = timezone.now()
                ShareLink.objects.filter(pk=link.pk).update(downloads=F("downloads") + 1, last_used_at=now)
    return _closing(response, link)


def _content(request: HttpRequest, recording: Recording, *, attachment: bool) -> HttpResponseBase:
    if recording.kind == Kind.TERMINAL:
        return casts.for_guests(request, recording, attachment=attachment)
    return playback.media_response(request, recording, attachment=attachment, direct=True)


def _closing(response: HttpResponseBase, link: ShareLink) -> HttpResponseBase:
    """Nothing of it is kept by the browser, and what is being sent breaks off when the link is closed."""
    response.headers["Cache-Control"] = "private, no-store"
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = _while_alive(response.streaming_content, link)
    return response


def _while_alive(blocks: Any, link: ShareLink) -> Iterator[bytes]:
    looked = time.monotonic()
    for block in blocks:
        if time.monotonic() - looked >= LOOK_EVERY:
            try:
                _alive(pk=link.pk)
            except NoSuchLink:
                raise LinkClosed(f"Share link {link} was closed while something was sent by it.") from None
            finally:
                connections.give_back()
            looked = time.monotonic()
        yield block


def _alive(**which: Any) -> ShareLink:
    links = ShareLink.objects.select_related("recording__session", "recording__terminal", "author").alive(
        timezone.now()
    )
    link = links.filter(**which).first()
    if link is None or link.author is None or not can(link.author, Can.SHARE, link.recording):
        raise NoSuchLink
    return link


def _guest(address: str | None) -> Actor:
    return Actor(address=address, name="A guest")


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _facts(link: ShareLink) -> dict[str, Any]:
    return {
        "share": str(link),
        "expires": link.expires_at.isoformat(timespec="seconds"),
        "password": bool(link.password),
        "can_download": link.can_download,
        "view_limit": link.view_limit,
    }
