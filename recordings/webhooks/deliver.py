"""Deliveries that are due: sent, tried again for an hour, and what keeps failing is paused."""

import logging
import threading
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from recordings import connections, secrets
from recordings.models import Delivery, Event, Webhook
from recordings.secrets import Unreadable
from recordings.webhooks import sending
from recordings.webhooks.addresses import BadAddress

logger = logging.getLogger(__name__)

# After the first try at once.
AGAIN_AFTER = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))
PAUSED_AFTER = 10
GONE = 410
# Longer than a request may take.
LEASE = timedelta(seconds=60)
KEPT_FOR = timedelta(days=30)

# Receivers may be slow, and none of them is to wait for another, nor a worker's jobs for any: each webhook that has
# something to be told is served by a thread of its own, of which a process has so many at a time.
AT_ONCE = 8
_seats = threading.BoundedSemaphore(AT_ONCE)
_claiming = threading.Lock()


def start() -> None:
    """Have threads send what is due, and what becomes due while they are at it. Waits for none of them."""
    while _seats.acquire(blocking=False):
        served = False
        try:
            served = _serve_next()
        finally:
            if not served:
                _seats.release()
        if not served:
            return


def send_due() -> int:
    """Send what is due, one after the other, in this thread; how many were tried."""
    return _send_on(_take_next())


def attempt(delivery: Delivery) -> bool:
    """Send a delivery now and write down what came of it; whether it was taken."""
    now = timezone.now()
    status, error = _sent(delivery, now)
    taken = status is not None and 200 <= status < 300
    attempts = delivery.attempts + 1
    over = taken or attempts > len(AGAIN_AFTER) or delivery.event == Event.TEST
    again = None if over else now + AGAIN_AFTER[attempts - 1]
    facts = {
        "attempts": attempts,
        "tried_at": now,
        "status": status,
        "error": error[:200],
        "delivered_at": now if taken else None,
        "due_at": again,
        "lease_until": None,
    }
    Delivery.objects.filter(pk=delivery.pk).update(**facts)
    for name, value in facts.items():
        setattr(delivery, name, value)
    _count(delivery.webhook, taken=taken, gone=status == GONE)
    return taken


def forget(now: datetime) -> int:
    """Remove what was told long ago; how many deliveries."""
    return Delivery.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]


def _serve_next() -> bool:
    """Start a thread with the next that is due, which gives its seat back; False if there is none."""
    delivery = _take_next()
    if delivery is None:
        return False
    # Whatever is cut off when the process ends is sent again once its lease is over.
    threading.Thread(target=_serve, args=[delivery], name="webhooks", daemon=True).start()
    return True


def _serve(delivery: Delivery) -> None:
    try:
        _send_on(delivery)
    except DatabaseError:
        logger.exception("Deliveries break off; the next sweep goes on.")
    finally:
        connections.give_back()
        _seats.release()


def _send_on(delivery: Delivery | None) -> int:
    tried = 0
    while delivery is not None:
        attempt(delivery)
        tried += 1
        delivery = _take_next()
    return tried


def _sent(delivery: Delivery, now: datetime) -> tuple[int | None, str]:
    """Status of the answer if there was one, and what went wrong."""
    hook = delivery.webhook
    connections.give_back()
    try:
        status = sending.post(
            hook.url,
            secret=secrets.unseal(hook.secret),
            message=str(delivery.pk),
            timestamp=int(now.timestamp()),
            body=delivery.body,
        )
    except (BadAddress, sending.NotDelivered, Unreadable) as error:
        logger.warning("Delivery %s could not be made: %s", delivery.pk, error)
        return None, str(error)
    return status, "" if 200 <= status < 300 else f"It answered with status {status}."


def _count(hook: Webhook, *, taken: bool, gone: bool) -> None:
    """Count failures in a row, and pause what has too many, or says that it is gone for good."""
    this = Webhook.objects.filter(pk=hook.pk)
    if taken:
        this.update(failures=0)
        return
    this.update(failures=F("failures") + 1)
    paused = this.filter(paused_at=None) if gone else this.filter(paused_at=None, failures__gte=PAUSED_AFTER)
    if paused.update(paused_at=timezone.now()):
        logger.error("Webhook %s is paused: it has failed too often.", hook.pk)


def _take_next() -> Delivery | None:
    """Claim the delivery that is due longest. One at a time for each webhook, in order."""
    with _claiming:
        while True:
            now = timezone.now()
            delivery = Delivery.objects.due(now).select_related("webhook").first()
            if delivery is None or _claim(delivery, now):
                return delivery


def _claim(delivery: Delivery, now: datetime) -> bool:
    """Take the lease of a delivery as it was read; False if it, or another of its webhook, is taken by now."""
    with transaction.atomic():
        # Processes that have read different deliveries of one webhook meet here, and the later one sees what the
        # first has taken. By the delivery's own row they would not: PostgreSQL looks at no other one again.
        list(Webhook.objects.select_for_update(no_key=True).filter(pk=delivery.webhook_id).values_list("pk"))
        as_read = (
            Delivery.objects.due(now)
            .order_by()
            .filter(pk=delivery.pk, due_at=delivery.due_at, attempts=delivery.attempts)
        )
        return bool(as_read.update(lease_until=now + LEASE))
