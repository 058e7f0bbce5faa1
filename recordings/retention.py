"""The end of a recording: held back, hidden, purged, confirmed. Each step can be run again.

Deleting hides a recording at once and keeps its bytes for a while, so that it can be restored. Purging removes the
bytes first, has the store confirm that they are gone, and only then removes the row: a store that fails leaves a
hidden row that the next purge finds, never bytes that nothing knows of.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import TupleGreaterThan
from django.utils import timezone

from recordings import audit, meters
from recordings.audit import SORTIE, Actor
from recordings.ingest import staging
from recordings.models import Action, Export, Job, Kind, Picture, Recording, Segments, Upload
from recordings.models.recording import retention_days
from recordings.storage import DeletionIncomplete, StorageUnavailable, store_for

logger = logging.getLogger(__name__)

# Rows that are changed in one transaction, and recordings whose objects are deleted before their rows are.
BATCH = 500
OBJECTS_AT_ONCE = 4_000
_WHAT_IT_WAS = ("title", "sha256", "storage_backend", "storage_key", "session__title", "session__app_id")


class OnHold(Exception):
    """The recording is held and cannot be deleted."""

    def __init__(self, reason: str) -> None:
        because = f": {reason}" if reason else ""
        super().__init__(f"The recording is on hold{because}. An admin must release it first.")


Objects: TypeAlias = set[tuple[str, str]]


@dataclass(frozen=True)
class Due:
    """A recording retention will take, and why."""

    recording: Recording
    reason: str


@dataclass
class Purged:
    """What one purge did: recordings gone, and those the store could not delete yet."""

    gone: int = 0
    waiting: int = 0


def delete(recording: Recording, by: Actor, *, reason: str = "") -> None:
    """Hide a recording, whatever its status; its bytes go after SORTIE_DELETED_KEEP_HOURS.

    Raises:
        OnHold: it is held; nothing was changed.
    """
    now = timezone.now()
    keep = timedelta(hours=settings.SORTIE_DELETED_KEEP_HOURS)
    with transaction.atomic():
        there = Recording.objects.filter(pk=recording.pk, on_hold=False, deleted_at=None)
        if there.update(deleted_at=now, purge_after=now + keep):
            audit.record(Action.DELETE, by, recording=recording, title=recording.name, reason=reason)
            return
    held = Recording.objects.filter(pk=recording.pk, on_hold=True).first()
    if held is not None:
        raise OnHold(held.hold_reason)


def restore(recording: Recording, by: Actor) -> bool:
    """Bring a deleted recording back; False if its time is over or it was not deleted."""
    with transaction.atomic():
        deleted = Recording.objects.filter(pk=recording.pk, purge_after__gt=timezone.now())
        if not deleted.exclude(deleted_at=None).update(deleted_at=None, purge_after=None):
            return False
        audit.record(Action.RESTORE, by, recording=recording)
    return True


def hold(recording: Recording, by: Actor, *, reason: str = "") -> bool:
    """Keep a recording from retention and deletion until it is released, also a deleted one from being purged.

    False if it is too late: the time to restore it is over.
    """
    kept = Q(deleted_at=None) | Q(purge_after__gt=timezone.now())
    with transaction.atomic():
        if not Recording.objects.filter(kept, pk=recording.pk).update(on_hold=True, hold_reason=reason[:200]):
            return False
        audit.record(Action.HOLD, by, recording=recording, reason=reason[:200])
    return True


def release(recording: Recording, by: Actor) -> None:
    with transaction.atomic():
        if Recording.objects.filter(pk=recording.pk, on_hold=True).update(on_hold=False, hold_reason=""):
            audit.record(Action.RELEASE, by, recording=recording)


def due(now: datetime, *, most: int = BATCH) -> list[Due]:
    """What retention would take at `now`, oldest first."""
    found: list[Due] = []
    for kind in Kind:
        days = retention_days(kind)
        if days:
            reason = f"{kind.label} recordings are kept for {days} days"
            rows = Recording.objects.older_than_limit(kind, now, days).select_related("session", "owner")
            rows = rows.defer("original_head", "tail_saved")
            found += [Due(recording, reason) for recording in rows[: most - len(found)]]
    return found


def expire(now: datetime) -> int:
    """Hide everything older than its limit; how many. Ready ones only, never one on hold."""
    total = 0
    while batch := due(now, most=BATCH):
        hidden = _hide(batch)
        total += hidden
        if not hidden:
            break
    audit.record(Action.RETENTION, SORTIE, hidden=total)
    return total


def _hide(batch: list[Due]) -> int:
    """Delete them as Sortie itself, all in one transaction, but for those that are held or deleted by now."""
    now = timezone.now()
    keep = timedelta(hours=settings.SORTIE_DELETED_KEEP_HOURS)
    with transaction.atomic():
        there = Recording.objects.filter(
            pk__in=[item.recording.pk for item in batch], on_hold=False, deleted_at=None
        )
        locked = set(there.select_for_update().order_by("pk").values_list("pk", flat=True))
        Recording.objects.filter(pk__in=locked).update(deleted_at=now, purge_after=now + keep)
        hidden = [item for item in batch if item.recording.pk in locked]
        about = ((item.recording, {"title": item.recording.name, "reason": item.reason}) for item in hidden)
        audit.record_all(Action.DELETE, SORTIE, about)
    return len(hidden)


def purgeable(now: datetime) -> int:
    """How many a purge at `now` would remove for good."""
    return Recording.objects.due_for_purge(now).count()


def purge(now: datetime) -> Purged:
    """Remove the bytes, then the rows, of deleted recordings whose time to be restored is over."""
    result = Purged()
    last: Recording | None = None
    while batch := list(_purged_next(now, last)):
        last = batch[-1]
        objects = _objects_of(batch)
        stuck = _delete_objects(objects)
        for pk, reason in stuck.items():
            logger.warning("Recording %s cannot be purged yet: %s", pk, reason)
        result.waiting += len(stuck)
        gone = [recording.pk for recording in batch if recording.pk not in stuck]
        for at in range(0, len(gone), BATCH):
            part = gone[at : at + BATCH]
            try:
                forgotten = _forget({pk: objects[pk] for pk in part}, now)
            except IntegrityError as error:
                # A table that is newer than this code has rows of theirs: the code that knows it will remove them.
                logger.warning("%s recordings cannot be purged by this version: %s", len(part), error)
                result.waiting += len(part)
                continue
            meters.purged.inc(forgotten)
            result.gone += forgotten
    return result


def _purged_next(now: datetime, last: Recording | None) -> QuerySet[Recording]:
    """What is due for purge behind `last`, longest due first."""
    due_now = Recording.objects.due_for_purge(now).order_by("purge_after", "pk")
    if last is not None:
        behind = Q(TupleGreaterThan((F("purge_after"), F("pk")), (last.purge_after, last.pk)))
        due_now = due_now.filter(behind, purge_after__gte=last.purge_after)
    return due_now.only("purge_after", "storage_backend", "storage_key")[:OBJECTS_AT_ONCE]


def _delete_objects(objects: Mapping[UUID, Objects]) -> dict[UUID, str]:
    """Delete the objects of recordings, by store in as few requests as it allows; what kept those that are left."""
    owners: dict[str, dict[str, UUID]] = defaultdict(dict)
    for pk, pairs in objects.items():
        for backend, key in pairs:
            owners[backend][key] = pk
    stuck: dict[UUID, str] = {}
    for backend, by_key in owners.items():
        try:
            store_for(backend).delete(list(by_key))
        except DeletionIncomplete as error:
            stuck |= {by_key[key]: reason for key, reason in error.remaining.items()}
        except StorageUnavailable as error:
            stuck |= dict.fromkeys(by_key.values(), str(error))
    return stuck


def _objects_of(recordings: Iterable[Recording]) -> dict[UUID, Objects]:
    """(store, key) of everything stored for each recording, also of what a crash left half put away."""
    own = {recording.pk: (recording.storage_backend, recording.storage_key) for recording in recordings}
    found: dict[UUID, Objects] = {pk: {pair} if pair[1] else set() for pk, pair in own.items()}
    for kept in (Upload, Picture, Segments, Export):
        rows: QuerySet[Any] = kept._default_manager.filter(recording__in=list(found)).exclude(storage_key="")
        for pk, backend, key in rows.values_list("recording_id", "storage_backend", "storage_key"):
            found[pk].add((backend, key))
    return found


def _forget(gone: Mapping[UUID, Objects], now: datetime) -> int:
    """Remove the rows of recordings whose objects are confirmed gone, all in one transaction; how many.

    Those are left for the next time that have other objects by now, or that somebody is working on.
    """
    with transaction.atomic():
        # Nobody is waited for, so that of two who lock several things none can stand in the other's way.
        waiting = Recording.objects.due_for_purge(now).filter(pk__in=list(gone)).order_by("pk")
        locked = waiting.select_for_update(of=("self",), skip_locked=True).select_related("session")
        rows = {recording.pk: recording for recording in locked.only(*_WHAT_IT_WAS)}
        for pk in _busy(list(rows), now):
            del rows[pk]
        by_now = _objects_of(rows.values())
        rows = {pk: recording for pk, recording in rows.items() if by_now[pk] <= gone[pk]}
        staged = list(Upload.objects.filter(recording__in=list(rows)).values_list("pk", flat=True))
        about = ((row, {"title": row.name, "sha256": row.sha256}) for row in rows.values())
        audit.record_all(Action.PURGE, SORTIE, about)
        Recording.objects.filter(pk__in=list(rows)).only("pk").delete()
    for upload_id in staged:
        staging.drop(upload_id)
    return len(rows)


def _busy(locked: list[UUID], now: datetime) -> set[UUID]:
    """Which of these recordings, which nobody else can change, have a job at work; from here on none gets one."""
    jobs = Job.objects.filter(recording__in=locked)
    idle = jobs.filter(Q(lease_until=None) | Q(lease_until__lte=now)).select_for_update(skip_locked=True)
    ours = list(idle.order_by().values_list("pk", flat=True))
    return set(jobs.exclude(pk__in=ours).values_list("recording", flat=True))
