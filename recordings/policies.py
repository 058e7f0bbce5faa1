"""Turning the portal's switches."""

from django.db import transaction

from recordings import audit
from recordings.audit import Actor
from recordings.models import Action, Policy


def set_auto_record(enabled: bool, by: Actor) -> None:
    """Have recording start by itself in all new sessions, or not. Acts at once."""
    with transaction.atomic():
        Policy.objects.update_or_create(pk=1, defaults={"auto_record": enabled})
        audit.record(Action.POLICY, by, auto_record=enabled)
