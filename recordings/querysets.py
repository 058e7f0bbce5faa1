"""Reads, as named questions to the database. What reaches a user starts from `visible_to`."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from django.db import models
from django.db.models import Count, F, Q
from django.db.models.fields.tuple_lookups import TupleLessThan

from recordings.permissions import is_admin

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from recordings.models import Delivery, Install, Job, Recording, Session, ShareLink, Token, Upload, User  # noqa: F401  (mypy reads them in quotes)

    Viewer: TypeAlias = User | AnonymousUser

MAX_ATTEMPTS = 5


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> Self:
        """Those to be sent now, longest due first: of each webhook one at a time, of those that are paused none."""
        free = self.filter(Q(lease_until=None) | Q(lease_until__lte=now), due_at__lte=now, webhook__paused_at=None)
        return free.exclude(webhook__deliveries__lease_until__gt=now).order_by("due_at", "created_at")


class ShareQuerySet(models.QuerySet["ShareLink"]):
    def alive(self, now: datetime) -> Self:
        """Those that are not over, and whose recording is there. What their authors may do by now is not asked."""
        return self.filter(
            revoked_at=None, expires_at__gt=now, recording__deleted_at=None, recording__status="ready"
        )


class TokenQuerySet(models.QuerySet["Token"]):
    def of(self, user: "Viewer") -> Self:
        """A user's own, newest first; nobody else's, for admins neither."""
        return self.filter(user_id=user.pk).order_by("-created_at", "-id")


class InstallQuerySet(models.QuerySet["Install"]):
    def of(self, user: "Viewer") -> Self:
        """A user's own that can still upload, newest first."""
        return self.filter(user_id=user.pk, revoked_at=None).order_by("-created_at", "-id")


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: "Viewer") -> Self:
        if is_admin(user):
            return self
        return self.filter(owner_id=user.pk) if user.is_active else self.none()


class RecordingQuerySet(models.QuerySet["Recording"]):
    def visible_to(self, user: "Viewer") -> Self:
        """What `user` may know of: an owner's own, an admin's everyone's; never what is deleted."""
        return self.filter(deleted_at=None)._belonging_to(user)

    def restorable_by(self, user: "Viewer", now: datetime) -> Self:
        """Deleted ones that `user` may still bring back."""
        return self.filter(deleted_at__isnull=False, purge_after__gt=now)._belonging_to(user)

    def administered_by(self, user: "Viewer") -> Self:
        """Everyone's, deleted ones too, for admins; nothing for anybody else."""
        return self if is_admin(user) else self.none()

    def _belonging_to(self, user: "Viewer") -> Self:
        if is_admin(user):
            return self
        return self.filter(owner_id=user.pk) if user.is_active else self.none()

    def for_display(self) -> Self:
        """With everything a list row shows, and without the bytes it does not."""
        related = self.select_related("session", "owner", "terminal").prefetch_related("tags")
        return related.defer("original_head", "tail_saved", "terminal__idle")

    def for_sending(self) -> Self:
        """With what it takes to send stored bytes, and no more: players ask for hundreds of ranges."""
        about = ("owner_id", "kind", "status", "title", "session__title", "session__app_id")
        stored = ("storage_backend", "storage_key", "stored_size", "size_bytes", "sha256", "completed_at")
        return self.select_related("session").only(*about, *stored)

    def older_than_limit(self, kind: str, now: datetime, days: int) -> Self:
        """Ready ones of `kind` that retention may take at `now`, oldest first."""
        return self.filter(
            kind=kind,
            status="ready",
            on_hold=False,
            deleted_at=None,
            completed_at__lt=now - timedelta(days=days),
        ).order_by("completed_at")

    def due_for_purge(self, now: datetime) -> Self:
        """Deleted ones whose time to be restored is over and that no process is still working on."""
        return self.filter(deleted_at__isnull=False, purge_after__lte=now, on_hold=False).exclude(
            jobs__lease_until__gt=now
        )

    def silent(self, now: datetime) -> Self:
        """Unfinished ones whose client has not been heard of in time, and that no job will bring any further."""
        unfinished = self.filter(
            Q(lease_until__lte=now) | Q(lease_until=None),
            status__in=["recording", "uploading"],
            completed_at=None,  # as ever for these: names the index
        ).exclude(jobs__attempts__lt=MAX_ATTEMPTS)
        # Those with an upload that is waited for are as silent as that upload is.
        awaited = Q(uploads__sealed_at=None, uploads__lease_until__isnull=False)
        return unfinished.alias(growing=Count("uploads", filter=awaited)).filter(growing=0)


class UploadQuerySet(models.QuerySet["Upload"]):
    def growing(self) -> Self:
        """Those that may still get bytes."""
        return self.filter(sealed_at=None)

    def sealed(self) -> Self:
        """Those that have all their bytes and are to be put away."""
        return self.filter(sealed_at__isnull=False, finished_at=None)

    def silent(self, now: datetime) -> Self:
        """Growing ones whose client has not been heard of in time, and that no work is waiting for."""
        return self.growing().filter(lease_until__lte=now, recording__deleted_at=None)._not_being_put_away()

    def quiet(self, *, live: bool, since: datetime, until: datetime) -> Self:
        """Growing ones of announced length whose lease ends in that time."""
        return self.growing().filter(
            announced__isnull=False,
            live=live,
            lease_until__gt=since,
            lease_until__lte=until,
            recording__deleted_at=None,
        )

    def overlooked(self) -> Self:
        """Sealed ones that no work is waiting for: a process died, or was at work on an earlier part.

        Those of a recording that has failed wait for a person.
        """
        awaited = self.sealed().filter(recording__deleted_at=None, recording__status__in=["uploading", "ready"])
        return awaited._not_being_put_away()

    def expired(self, now: datetime) -> Self:
        """Those nobody can ask about or add to any more."""
        gone = self.filter(expires_at__lte=now).exclude(sealed_at__isnull=False, finished_at=None)
        return gone._not_being_put_away()

    def _not_being_put_away(self) -> Self:
        return self.exclude(recording__jobs__kind="finish")


class JobQuerySet(models.QuerySet["Job"]):
    def due(self, now: datetime) -> Self:
        """Jobs that may be claimed: their time has come and no live process holds them. Fewest attempts first.

        Those that have used up their attempts wait for a person.
        """
        free = self.filter(Q(lease_until=None) | Q(lease_until__lte=now), run_after__lte=now)
        return free.filter(attempts__lt=MAX_ATTEMPTS).order_by("attempts", "run_after")


def keyset_after(created_at: datetime, pk: Any) -> Q:
    """Rows that come after (created_at, pk) when sorted newest first."""
    return Q(TupleLessThan((F("created_at"), F("pk")), (created_at, pk)))
