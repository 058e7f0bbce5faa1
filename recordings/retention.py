"""The end of a recording: held back, hidden, purged, confirmed. Each step can be run again.

Deleting hides a recording at once and keeps its bytes for a while, so that it can be restored. Purging removes the
bytes first, has the store confirm that they are gone, and only then removes the row: a store that fails leaves a
hidden row that the next purge finds, never bytes that nothing knows of.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from recordings import audit, meters
from recordings.audit import SORTIE, Actor
from recordings.ingest import staging
from recordings.models import Action, Export, Kind, Picture, Recording, Segments, Upload
from recordings.models.recording import retention_days
from recordings.storage import DeletionIncomplete, StorageUnavailable, store_for

logger = logging.getLogger(__name__)

BATCH = 500


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
            found += [Due(recording, reason) for recording in rows[: most - len(found)]]
    return found


def expire(now: datetime) -> int:
    """Hide everything older than its limit; how many. Ready ones only, never one on hold."""
    total = 0
    while batch := due(now):
        hidden = sum(_expire_one(item) for item in batch)
        total += hidden
        if not hidden:
            break
    audit.record(Action.RETENTION, SORTIE, hidden=total)
    return total


def _expire_one(item: Due) -> bool:
    try:
        delete(item.recording, SORTIE, reason=item.reason)
    except OnHold:
        return False
    return True


def purgeable(now: datetime) -> int:
    """How many a purge at `now` would remove for good."""
    return Recording.objects.due_for_purge(now).count()


def purge(now: datetime) -> Purged:
    """Remove the bytes, then the rows, of deleted recordings whose time to be restored is over."""
    result = Purged()
    seen: set[UUID] = set()
    while batch := list(Recording.objects.due_for_purge(now).exclude(pk__in=seen)[:BATCH]):
        seen.update(recording.pk for recording in batch)
        for recording, objects, stuck in _delete_objects(batch):
            if stuck:
                result.waiting += 1
                logger.warning("Recording %s cannot be purged yet: %s", recording.pk, stuck)
            else:
                result.gone += _forget(recording, objects, now)
    meters.purged.inc(result.gone)
    return result


def _delete_objects(batch: list[Recording]) -> Iterator[tuple[Recording, Objects, str]]:
    """Delete the objects of `batch`, by store in as few requests as it allows: each with its objects, and with what
    kept them, or ""."""
    objects = {recording.pk: _objects_of(recording) for recording in batch}
    keys: dict[str, dict[UUID, list[str]]] = defaultdict(lambda: defaultdict(list))
    for pk, pairs in objects.items():
        for backend, key in pairs:
            keys[backend][pk].append(key)
    stuck: dict[UUID, str] = {}
    for backend, by_recording in keys.items():
        every = [key for some in by_recording.values() for key in some]
        try:
            store_for(backend).delete(every)
        except DeletionIncomplete as error:
            stuck |= {
                pk: error.remaining[key]
                for pk, some in by_recording.items()
                for key in some
                if key in error.remaining
            }
        except StorageUnavailable as error:
            stuck |= dict.fromkeys(by_recording, str(error))
    for recording in batch:
        yield recording, objects[recording.pk], stuck.get(recording.pk, "")


def _objects_of(recording: Recording) -> Objects:
    """(store, key) of everything stored for a recording, also of what a crash left half put away."""
    pairs = {(recording.storage_backend, recording.storage_key)}
    for kept in (Upload, Picture, Segments, Export):
        rows: QuerySet[Any] = kept._default_manager.filter(recording=recording)
        pairs |= set(rows.values_list("storage_backend", "storage_key"))
    return {pair for pair in pairs if pair[1]}


def _forget(recording: Recording, gone: Objects, now: datetime) -> bool:
    """Remove the row of a recording whose objects are confirmed gone; not if there is another one by now."""
    with transaction.atomic():
        list(recording.jobs.select_for_update())  # from here on no worker can take one
        still_due = Recording.objects.select_for_update(of=("self",)).filter(pk=recording.pk)
        locked = still_due.due_for_purge(now).first()
        if locked is None or not _objects_of(locked) <= gone:
            return False
        staged = list(locked.uploads.values_list("pk", flat=True))
        audit.record(Action.PURGE, SORTIE, recording=recording, title=recording.name, sha256=recording.sha256)
        Recording.objects.filter(pk=recording.pk).delete()
    for upload_id in staged:
        staging.drop(upload_id)
    return True
