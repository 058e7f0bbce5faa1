"""Captures whose client went silent, and staged bytes nobody came back for."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from recordings import audit
from recordings.audit import SORTIE
from recordings.ingest import staging
from recordings.ingest.finish import GAVE_UP
from recordings.models import Action, Recording, Status, Upload, WrongStatusError
from recordings.storage import StorageUnavailable, current_store

logger = logging.getLogger(__name__)

NOTHING_CAME = "Nothing arrived: the recorder sent no bytes before {at:%H:%M} UTC on {at:%Y-%m-%d}."
FORGOTTEN_AFTER = timedelta(hours=1)
HALF_STORED_AFTER = timedelta(days=1)
BATCH = 100


def complete(now: datetime) -> int:
    """End recordings that have been silent for too long; how many were ended."""
    ended = 0
    for recording in Recording.objects.silent(now).order_by("lease_until")[:BATCH]:
        ended += _fail(recording)
    return ended


def _fail(recording: Recording) -> bool:
    waited_until = recording.lease_until or recording.created_at
    error = GAVE_UP if recording.uploads.exists() else NOTHING_CAME.format(at=waited_until)
    with transaction.atomic():
        try:
            recording.advance(Status.FAILED, error=error, lease_until=None)
        except WrongStatusError:
            return False
        audit.record(Action.FAIL, SORTIE, recording=recording, reason=error)
    return True


def forget_abandoned(now: datetime) -> int:
    """Remove staged files that belong to no upload and that nobody writes to; how many."""
    removed = 0
    for upload_id in staging.abandoned(now - FORGOTTEN_AFTER):
        if not Upload.objects.filter(pk=upload_id).exists():
            staging.remove(upload_id)
            removed += 1
    return removed


def forget_half_stored(now: datetime) -> int:
    """Remove what interrupted puts have left in the store, invisible but paid for; how many."""
    try:
        return current_store().sweep(before=now - HALF_STORED_AFTER)
    except StorageUnavailable as error:
        logger.warning("The store could not be cleaned up, the next hour will try again: %s", error)
        return 0
