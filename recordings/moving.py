"""Taking what is stored from one store to another while the portal runs: copy, read back, switch the row, remove.

Each object is moved by itself and can be played at every moment. Whatever interrupts it, running it again goes on:
what is not moved yet still says so. A copy that no row came to name, or an object whose row names its copy already,
is left for `manage.py reconcile_storage` to find.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import QuerySet

from recordings.ingest import staging
from recordings.models import Picture, Recording, Segments
from recordings.storage import (
    AlreadyStored,
    ObjectDamaged,
    ObjectMissing,
    RecordingStore,
    StorageUnavailable,
    new_key,
    store_for,
)

logger = logging.getLogger(__name__)

BATCH = 200
Row: TypeAlias = Recording | Picture | Segments


@dataclass(frozen=True)
class Moved:
    """What became of one object of a recording: `problem` says why it stayed, "" if it was moved."""

    recording_id: UUID
    size: int
    problem: str = ""


def pending(source: str) -> int:
    """How many objects the rows say are in the store called `source`."""
    return sum(rows.count() for rows in _kept_in(source))


def move(source: str, target: str, *, keep: bool = False) -> Iterator[Moved]:
    """Move every object from the store called `source` to `target`; what became of each, as it is done.

    keep: leave the objects in `source`, where no row names them any more.

    Raises:
        StorageUnavailable, staging.DiskFull: it cannot go on now. What was moved is moved.
    """
    for rows in _kept_in(source):
        last: Any = None
        while batch := list((rows if last is None else rows.filter(pk__gt=last))[:BATCH]):
            last = batch[-1].pk
            for row in batch:
                yield _move(row, store_for(source), store_for(target), keep=keep)


def _kept_in(source: str) -> list[QuerySet[Any]]:
    recordings = Recording.objects.defer("original_head", "tail_saved")
    every: list[QuerySet[Any]] = [recordings, Picture.objects.all(), Segments.objects.all()]
    return [rows.filter(storage_backend=source).exclude(storage_key="").order_by("pk") for rows in every]


def _move(row: Row, source: RecordingStore, target: RecordingStore, *, keep: bool) -> Moved:
    recording_id, content_type, size = _facts(row)
    old, new = row.storage_key, new_key(recording_id, row.storage_key.partition(".")[2])
    try:
        _copy(source, old, target, new, size=size, content_type=content_type)
    except (ObjectMissing, AlreadyStored) as error:  # with a damaged one among them
        return Moved(recording_id, size, str(error))
    here: QuerySet[Any] = type(row)._default_manager.filter(storage_backend=source.name, storage_key=old)
    if not here.filter(pk=row.pk).update(storage_backend=target.name, storage_key=new):
        target.delete([new])
        return Moved(recording_id, size, "It was deleted or replaced while it was copied.")
    if not keep:
        _remove(source, old)
    return Moved(recording_id, size)


def _facts(row: Row) -> tuple[UUID, str, int]:
    if isinstance(row, Recording):
        return row.pk, row.stored_type, row.stored_size or 0
    return row.recording_id, row.stored_type, row.size


def _copy(
    source: RecordingStore, old: str, target: RecordingStore, new: str, *, size: int, content_type: str
) -> None:
    """Raises ObjectMissing, ObjectDamaged; then `target` has nothing under the new key."""
    if source.size(old) != size:
        raise ObjectDamaged(f"{old} does not have the {size} bytes that its row tells of.")
    with staging.scratch_disk().scratch(UUID(new.partition("/")[0])) as path:
        sent = _fetch(source, old, size, path)
        target.put(new, path, content_type=content_type)
    if _digest(target, new, size) != sent:
        target.delete([new])
        raise ObjectDamaged(f"The copy of {old} is not what was copied; it was removed.")


def _fetch(store: RecordingStore, key: str, size: int, path: Path) -> str:
    """Put an object's bytes into the file at `path`; their SHA-256."""
    digest = hashlib.sha256()
    with store.open_range(key, 0, size) as reader, staging.filling(path) as file:
        for block in reader:
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _digest(store: RecordingStore, key: str, size: int) -> str:
    digest = hashlib.sha256()
    with store.open_range(key, 0, size) as reader:
        for block in reader:
            digest.update(block)
    return digest.hexdigest()


def _remove(store: RecordingStore, key: str) -> None:
    try:
        store.delete([key])
    except StorageUnavailable as error:
        logger.warning("An object that was moved stays until storage is reconciled: %s", error)
