"""Webhooks as admins see to them: added, changed, tested, resumed, removed, each with its line in the audit log."""

import base64
import json
import secrets as randomness
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from recordings import audit, secrets
from recordings.audit import Actor
from recordings.jobs import ring
from recordings.models import Action, Delivery, Event, Webhook
from recordings.webhooks import deliver
from recordings.webhooks.addresses import resolved


def add(url: str, events: Iterable[Event], by: Actor) -> tuple[Webhook, str]:
    """A new webhook, and the secret its receiver checks signatures with: shown this once.

    Raises:
        BadAddress: nothing may be sent there.
    """
    resolved(url)
    secret = _new_secret()
    with transaction.atomic():
        hook = Webhook.objects.create(url=url, events=_words(events), secret=secrets.seal(secret))
        _note(hook, by, added=True)
    return hook, secret


def change(hook: Webhook, url: str, events: Iterable[Event], by: Actor) -> None:
    """Have other events told, or to another address. Raises BadAddress."""
    resolved(url)
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(url=url, events=_words(events))
        hook.url, hook.events = url, _words(events)
        _note(hook, by)


def renew_secret(hook: Webhook, by: Actor) -> str:
    """A new secret; what is signed from now on is signed with it."""
    secret = _new_secret()
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(secret=secrets.seal(secret))
        _note(hook, by, secret_renewed=True)
    return secret


def resume(hook: Webhook, by: Actor) -> None:
    """Go on with a webhook that was paused. What has waited is sent now."""
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(paused_at=None, failures=0)
        Delivery.objects.filter(webhook=hook, due_at__isnull=False).update(due_at=timezone.now())
        _note(hook, by, resumed=True)
        transaction.on_commit(ring)


def remove(hook: Webhook, by: Actor) -> None:
    """Tell it nothing any more, and forget what it was told."""
    with transaction.atomic():
        _note(hook, by, removed=True)
        hook.delete()


def send_test(hook: Webhook, by: Actor) -> Delivery:
    """Send a test at once and wait for what comes of it."""
    data = {"by": by.user.username if by.user else None}
    body = {"type": Event.TEST, "timestamp": timezone.now().isoformat(), "data": data}
    delivery = Delivery.objects.create(webhook=hook, event=Event.TEST, body=json.dumps(body))
    deliver.attempt(delivery)
    return delivery


def send_again(delivery: Delivery) -> None:
    """Have a delivery tried anew, also one that was taken: with the same id, so that its receiver can tell."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now(), attempts=0, delivered_at=None)
    ring()


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(randomness.token_bytes(32)).decode()


def _words(events: Iterable[Event]) -> str:
    wanted = set(events)
    return " ".join(event for event in Event if event in wanted and event != Event.TEST)


def _note(hook: Webhook, by: Actor, **detail: Any) -> None:
    audit.record(Action.WEBHOOK, by, webhook=hook.url, events=hook.events, **detail)
