"""Objects made of a recording after it is ready: a row names the one there is, and it can be made again."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from django.db import transaction

from recordings.ingest import staging
from recordings.models import Picture, Recording, Segments
from recordings.storage import current_store, new_key, store_for


def keep(
    recording: Recording,
    kept: type[Picture] | type[Segments],
    write: Callable[[BinaryIO], Mapping[str, Any]],
    *,
    suffix: str,
    **which: Any,
) -> None:
    """Store what `write` writes, then have the row name it, then remove the one it replaces.

    write: gives the row's further fields. which: of several rows of a recording.

    Raises:
        staging.DiskFull, StorageUnavailable: nothing has changed.
    """
    store, key = current_store(), new_key(recording.pk, suffix)
    with staging.scratch_disk().scratch(recording.pk) as path:
        with staging.filling(path) as file:
            facts = write(file)
            size = file.tell()
        store.put(key, path, content_type=kept.stored_type)
    facts = {**facts, "storage_backend": store.name, "storage_key": key, "size": size}
    rows: Any = kept._default_manager
    with transaction.atomic():
        before = rows.select_for_update().filter(recording=recording, **which).first()
        rows.update_or_create(recording=recording, **which, defaults=facts)
    if before is not None:
        store_for(before.storage_backend).delete([before.storage_key])
