"""Events become deliveries, in the transaction of the audit event that they are."""

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from recordings.jobs import ring
from recordings.models import Action, AuditEvent, Delivery, Event, Webhook
from recordings.models import Recording as Recorded

if TYPE_CHECKING:
    from recordings.models import Recording

EVENT_OF = {
    Action.UPLOAD: Event.READY,
    Action.FAIL: Event.FAILED,
    Action.DELETE: Event.DELETED,
    Action.SHARE: Event.SHARED,
}


def announce(happened: AuditEvent, recording: "Recording") -> None:
    """Have everybody told who wants to know of such events."""
    event = EVENT_OF.get(Action(happened.action))
    if event is None or happened.detail.get("retried"):  # which is no upload, but another try to put one away
        return
    listeners = [hook for hook in Webhook.objects.all() if event in hook.events.split()]
    if not listeners:
        return
    body, now = json.dumps(_body(event, happened, recording), ensure_ascii=False), timezone.now()
    Delivery.objects.bulk_create(
        Delivery(webhook=hook, event=event, recording_id=recording.pk, body=body, created_at=now, due_at=now)
        for hook in listeners
    )
    transaction.on_commit(ring)


def _body(event: Event, happened: AuditEvent, recording: "Recording") -> dict[str, Any]:
    # As it is by now: what was read before may lack what has just been written.
    there = Recorded.objects.select_related("owner", "session").get(pk=recording.pk)
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
