"""Webhooks of the tests: where they may go, what they are told, and having it sent."""

from datetime import timedelta
from ipaddress import ip_network

from django.utils import timezone

from recordings.models import Delivery, Event
from recordings.webhooks import deliver
from tests.receiver import Receiver

LOCAL = [ip_network("127.0.0.1")]
ALL = [event for event in Event if event != Event.TEST]


def work() -> int:
    """What workers do once everything that waits is due."""
    Delivery.objects.exclude(due_at=None).update(due_at=timezone.now() - timedelta(seconds=1), lease_until=None)
    return deliver.send_due()


def types(receiver: Receiver) -> list[str]:
    return [told.content["type"] for told in receiver.told]
