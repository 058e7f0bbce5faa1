"""Rows and stored objects held against each other, to find what has no counterpart."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recordings.models import Export, Picture, Recording, Segments, Status, Upload
from recordings.storage import ObjectMissing, RecordingStore, StoredObject, store_for

# An object is put before its row says so: a young one without a row is on its way in, not lost.
SETTLED_AFTER = timedelta(days=1)
BATCH = 500


@dataclass
class Differences:
    """Ready recordings whose object is missing or of another size, and objects that no row knows of."""

    damaged: list[tuple[Recording, str]] = field(default_factory=list)
    orphans: list[StoredObject] = field(default_factory=list)


def compare(backend: str, now: datetime) -> Differences:
    """Differences between the store called `backend` and the rows that name it. Raises StorageUnavailable."""
    store = store_for(backend)
    settled = now - SETTLED_AFTER
    orphans = [found for batch in _batches(store) for found in _unknown(batch, backend, settled)]
    return Differences(list(_damaged(store, backend)), orphans)


def delete_orphans(backend: str, orphans: list[StoredObject]) -> None:
    """Remove objects that no row knows of. Raises StorageUnavailable."""
    store_for(backend).delete(found.key for found in orphans)


def _batches(store: RecordingStore) -> Iterator[list[StoredObject]]:
    batch: list[StoredObject] = []
    for found in store.keys():  # noqa: SIM118  (a store is no dict)
        batch.append(found)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _unknown(batch: list[StoredObject], backend: str, settled: datetime) -> Iterator[StoredObject]:
    keys = [found.key for found in batch]
    known: set[str] = set()
    for rows in (Recording.objects, Upload.objects, Picture.objects, Segments.objects, Export.objects):
        here = rows.filter(storage_backend=backend, storage_key__in=keys)
        known.update(here.values_list("storage_key", flat=True))
    return (found for found in batch if found.key not in known and found.modified < settled)


def _damaged(store: RecordingStore, backend: str) -> Iterator[tuple[Recording, str]]:
    rows = Recording.objects.filter(status=Status.READY, storage_backend=backend).defer(
        "original_head", "tail_saved"
    )
    for recording in rows.iterator(chunk_size=BATCH):
        try:
            size = store.size(recording.storage_key)
        except ObjectMissing:
            yield recording, "its stored object is missing"
        else:
            if size != recording.stored_size:
                yield recording, f"its stored object has {size} bytes instead of {recording.stored_size}"
