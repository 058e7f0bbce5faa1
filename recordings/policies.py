"""Turning the portal's switches."""

from enum import StrEnum
from typing import Any

from django.db import transaction

from recordings import audit
from recordings.audit import Actor
from recordings.models import Action, Policy


class Switch(StrEnum):
    """The switches, by their field of `Policy`."""

    AUTO_RECORD = "auto_record"
    KEEP_INPUT = "keep_input"


def turn(switch: Switch, by: Actor, *, on: bool) -> None:
    """Turn a switch. It acts at once."""
    with transaction.atomic():
        Policy.objects.update_or_create(pk=1, defaults={switch.value: on})
        detail: dict[str, Any] = {switch.value: on}
        audit.record(Action.POLICY, by, **detail)
