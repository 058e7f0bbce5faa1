"""Events become deliveries, in the transaction of the audit event that they are."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from recordings.jobs import ring
from recordings.models import Action, AuditEvent, Delivery, Event, Recording, Webhook

EVENT_OF = {
    Action.UPLOAD: Event.READY,
    Action.FAIL: Event.FAILED,
    Action.DELETE: Event.DELETED,
    Action.SHARE: Event.SHARED,
}


def announce(happened: Sequence[AuditEvent]) -> None:
    """Have everybody told who wants to know of such events."""
    telling = [(each, event) for each in happened if (event := _event_of(each))]
    listeners = [(hook, hook.events.split()) for hook in Webhook.objects.all()] if telling else []
    wanted = [(each, event, hook) for each, event in telling for hook, events in listeners if event in events]
    if not wanted:
        return
    # As they are by now: what was read before may lack what has just been written.
    there = Recording.objects.select_related("owner", "session").defer("original_head", "tail_saved")
    told = there.in_bulk(list({each.recording_id for each, _, _ in wanted}))
    now = timezone.now()
    Delivery.objects.bulk_create(
        Delivery(
            webhook=hook,
            event=event,
            recording_id=each.recording_id,
            body=json.dumps(_body(event, each, told[each.recording_id]), ensure_ascii=False),
            created_at=now,
            due_at=now,
        )
        for each, event, hook in wanted
    )
    transaction.on_commit(ring)


def _event_of(happened: AuditEvent) -> Event | None:
    """What webhooks call it; None if they are told nothing of it."""
    # Tried again is no upload, but another try to put one away.
    if happened.recording_id is None or happened.detail.get("retried"):
        return None
    return EVENT_OF.get(Action(happened.action))


def _body(event: Event, happened: AuditEvent, there: Recording) -> dict[str, Any]:
    share = ("share", "expires", "password", "can_download", "view_limit")
    return {
        "type": event,
        "timestamp": happened.at.isoformat(),
        "data": {
            "by": happened.actor_name or None,
            **({"reason": happened.detail.get("reason") or None} if event in (Event.FAILED, Event.DELETED) else {}),
            **({"share": {name: happened.detail.get(name) for name in share}} if event == Event.SHARED else {}),
            "recording": {
                "id": str(there.pk),
                "session_id": str(there.session_id),
                "user_id": str(there.owner_id),
                "username": there.owner.username,
                "title": there.name,
                "kind": there.kind,
                "status": there.status,
                "incomplete": there.incomplete,
                "error": there.error or None,
                "size_bytes": there.size_bytes,
                "duration_seconds": None if there.duration_ms is None else there.duration_ms / 1000,
                "sha256": there.sha256 or None,
                "created_at": there.created_at.isoformat(),
            },
        },
    }
