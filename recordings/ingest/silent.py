"""Captures whose client went silent, and staged bytes nobody came back for."""

from datetime import datetime, timedelta

from django.db import transaction

from recordings import audit
from recordings.audit import SORTIE
from recordings.ingest import staging
from recordings.models import Action, Recording, Status, Upload, WrongStatusError

NOTHING_CAME = "Nothing arrived: the recorder went silent at {at:%H:%M:%S} UTC and sent no bytes."
FORGOTTEN_AFTER = timedelta(hours=1)
BATCH = 100


def complete(now: datetime) -> int:
    """End recordings that have been silent for too long; how many were ended."""
    ended = 0
    for recording in Recording.objects.silent(now).order_by("lease_until")[:BATCH]:
        ended += _fail(recording)
    return ended


def _fail(recording: Recording) -> bool:
    last_heard = recording.lease_until or recording.created_at
    error = NOTHING_CAME.format(at=last_heard)
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
