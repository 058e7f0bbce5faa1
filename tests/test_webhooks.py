"""Webhooks: who is told what, and when; signed, tried again, and paused when it is no use."""

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import connection, transaction
from django.utils import timezone

from recordings import retention, sharing, tasks
from recordings.audit import Actor
from recordings.ingest import finish
from recordings.models import AuditEvent, Delivery, Event, User, Webhook
from recordings.querysets import DeliveryQuerySet
from recordings.webhooks import deliver, manage, sending
from tests.hooked import ALL, types, work
from tests.making import ready, started
from tests.receiver import Receiver, Verifier, listening
from tests.services import free_ports
from tests.waiting import until

pytestmark = pytest.mark.django_db


def until_nothing_waits() -> None:
    """Until all deliveries were taken, and nobody is at any."""
    until(lambda: not Delivery.objects.exclude(due_at=None, lease_until=None).exists(), "the last delivery")
    until(lambda: all(thread.name != "webhooks" for thread in threading.enumerate()), "the end of the threads")


def until_told(receiver: Receiver, times: int) -> None:
    until(lambda: len(receiver.told) >= times, f"request {times}")


# --- what is told ---------------------------------------------------------------------------------------------


def test_each_event_is_told_once_with_what_it_is_about(
    alice: User, ada: User, hook: Webhook, receiver: Receiver
) -> None:
    recording = ready(alice, title="Failover")
    sharing.create(recording, Actor(alice), password="x", view_limit=3)
    finish._fail(started(alice), "The disk was full.", "disk")
    retention.delete(recording, Actor(alice), reason="not needed")
    assert work() == 4
    assert types(receiver) == ["recording.ready", "recording.shared", "recording.failed", "recording.deleted"]
    facts = receiver.told[0].content["data"]
    assert facts["by"] == "alice"
    assert facts["recording"] == {
        "id": str(recording.pk),
        "session_id": str(recording.session_id),
        "user_id": str(alice.pk),
        "username": "alice",
        "title": "firefox",
        "kind": "video",
        "status": "ready",
        "incomplete": False,
        "error": None,
        "size_bytes": recording.size_bytes,
        "duration_seconds": (recording.duration_ms or 0) / 1000,
        "sha256": recording.sha256,
        "created_at": recording.created_at.isoformat(),
    }
    assert receiver.told[1].content["data"]["share"]["view_limit"] == 3
    assert receiver.told[2].content["data"]["reason"] == "The disk was full."
    assert receiver.told[3].content["data"]["reason"] == "not needed"
    assert recording.storage_key not in str(receiver.told)
    assert work() == 0


def test_only_what_was_asked_for_is_told(alice: User, ada: User, receiver: Receiver) -> None:
    manage.add(receiver.url, [Event.DELETED], Actor(ada))
    recording = ready(alice)
    assert work() == 0
    retention.delete(recording, Actor(alice))
    assert work() == 1
    assert types(receiver) == ["recording.deleted"]


def test_what_did_not_happen_is_not_told(alice: User, hook: Webhook) -> None:
    recording = ready(alice)
    Delivery.objects.all().delete()
    with transaction.atomic():
        retention.delete(recording, Actor(alice))
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    finish._fail(failed := started(alice), "x", "x")
    Delivery.objects.all().delete()
    with pytest.raises(finish.NothingToRetry):
        finish.retry(failed, Actor(alice))
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_workers_deliver_when_the_bell_rings_and_when_they_sweep(
    alice: User, hook: Webhook, receiver: Receiver
) -> None:
    for task in (tasks.wake, tasks.sweep):
        retention.delete(started(alice), Actor(alice))
        task()
        until_nothing_waits()
    assert types(receiver) == ["recording.deleted"] * 2


# --- signatures -----------------------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of https://github.com/standard-webhooks, computed by its own description."""
    signed = sending.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body='{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_can_tell_that_it_was_us_and_when(alice: User, ada: User, receiver: Receiver) -> None:
    _, secret = manage.add(f"{receiver.url}/in?from=sortie", ALL, Actor(ada))
    retention.delete(started(alice), Actor(alice))
    work()
    [told] = receiver.told
    assert told.path == "/in?from=sortie"
    assert Verifier(secret).accepts(told)
    assert not Verifier("whsec_AAAA").accepts(told)
    tampered = type(told)(told.path, told.headers, told.body.replace(b"deleted", b"created"))
    assert not Verifier(secret).accepts(tampered)


def test_what_the_page_for_programs_says_of_signatures_is_so(alice: User, ada: User, receiver: Receiver) -> None:
    page = (Path(__file__).resolve().parent.parent / "API.md").read_text()
    [block] = re.findall(r"```python\n(.*?)```", page.partition("\n## Webhooks\n")[2], re.DOTALL)
    known: dict[str, Any] = {}
    exec(block, known)
    _, secret = manage.add(receiver.url, ALL, Actor(ada))
    retention.delete(started(alice), Actor(alice))
    work()
    [told] = receiver.told
    assert known["is_sorties"](secret, told.headers, told.body)
    assert not known["is_sorties"](secret, told.headers, told.body + b" ")
    assert not known["is_sorties"]("whsec_AAAA", told.headers, told.body)
    assert not known["is_sorties"](secret, {**told.headers, "webhook-timestamp": "1700000000"}, told.body)


def test_a_delivery_that_is_replayed_or_sent_twice_is_recognised(
    alice: User, ada: User, receiver: Receiver
) -> None:
    _, secret = manage.add(receiver.url, ALL, Actor(ada))
    receiver.statuses = [500, 204]
    retention.delete(started(alice), Actor(alice))
    work()
    work()
    verifier = Verifier(secret)
    first, second = receiver.told
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(Delivery.objects.get().pk)
    assert [verifier.accepts(one) for one in (first, first, second)] == [True, False, False]
    assert not Verifier(secret).accepts(first, now=time.time() + 3600)


def test_a_new_secret_counts_from_then_on(alice: User, ada: User, hook: Webhook, receiver: Receiver) -> None:
    secret = manage.renew_secret(hook, Actor(ada))
    retention.delete(started(alice), Actor(alice))
    work()
    assert Verifier(secret).accepts(receiver.told[0])
    assert secret not in str([*Webhook.objects.values(), *Delivery.objects.values(), *AuditEvent.objects.values()])


# --- trying again ---------------------------------------------------------------------------------------------


def test_it_is_tried_five_times_over_more_than_an_hour(alice: User, hook: Webhook, receiver: Receiver) -> None:
    receiver.statuses = [500]
    retention.delete(started(alice), Actor(alice))
    waits = []
    for _ in range(5):
        work()
        delivery = Delivery.objects.get()
        waits.append(delivery.due_at and delivery.due_at - (delivery.tried_at or timezone.now()))
    minute = timedelta(minutes=1)
    assert waits == [minute / 2, 2 * minute, 10 * minute, 60 * minute, None]
    assert (delivery.attempts, delivery.status, delivery.state) == (5, 500, "failed")
    assert delivery.error == "It answered with status 500."
    assert work() == 0


def test_one_that_comes_through_at_last_is_done(alice: User, hook: Webhook, receiver: Receiver) -> None:
    receiver.statuses = [503, 302, 204]
    retention.delete(started(alice), Actor(alice))
    assert [work() for _ in range(4)] == [1, 1, 1, 0]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status, delivery.error, delivery.attempts) == ("delivered", 204, "", 3)
    assert {told.path for told in receiver.told} == {"/in?from=sortie"}
    assert Webhook.objects.get().failures == 0


def test_ten_failures_in_a_row_pause_it_until_an_admin_resumes_it(
    alice: User, ada: User, hook: Webhook, receiver: Receiver
) -> None:
    receiver.statuses = [*[500] * 9, 204, *[500] * 10, 204]
    for _ in range(8):
        retention.delete(started(alice), Actor(alice))
    while not Webhook.objects.get().paused_at:
        assert work() > 0
    assert len(receiver.told) == 20
    retention.delete(started(alice), Actor(alice))
    assert work() == 0
    manage.resume(hook, Actor(ada))
    waiting = Delivery.objects.exclude(due_at=None).count()
    assert deliver.send_due() == waiting > 0
    assert Webhook.objects.get().paused_at is None
    assert AuditEvent.objects.filter(action="webhook", detail__resumed=True).count() == 1


def test_one_that_says_it_is_gone_is_paused_at_once(alice: User, hook: Webhook, receiver: Receiver) -> None:
    receiver.statuses = [410]
    retention.delete(started(alice), Actor(alice))
    work()
    assert Webhook.objects.get().paused_at


def test_one_in_trouble_holds_up_no_other(alice: User, ada: User, hook: Webhook, receiver: Receiver) -> None:
    [port] = free_ports(1)
    manage.add(f"http://127.0.0.1:{port}", ALL, Actor(ada))
    retention.delete(started(alice), Actor(alice))
    assert work() == 2
    assert len(receiver.told) == 1
    [failed] = Delivery.objects.filter(delivered_at=None)
    assert failed.error.startswith("It cannot be reached: ")


@contextmanager
def slow(receiver: Receiver, *, dripping: bool = False) -> Iterator[None]:
    """Nobody is answered before the end of the block, but for one letter after the other if it is `dripping`."""
    over = threading.Event()

    def hold(handler: Any) -> None:
        while not over.wait(0.1):
            if dripping:
                handler.wfile.write(b"H")

    receiver.before = hold
    try:
        yield
    finally:
        over.set()


@pytest.mark.django_db(transaction=True)
def test_a_slow_one_holds_up_no_other(
    alice: User, ada: User, hook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ANSWER_WITHIN", 600.0)
    with listening() as other:
        manage.add(other.url, ALL, Actor(ada))
        with slow(other):
            for number in (1, 2):
                retention.delete(started(alice), Actor(alice))
                deliver.start()
                until_told(receiver, number)
            # What is to be told to the slow one waits its turn.
            until_told(other, 1)
            assert len(other.told) == 1
        until_nothing_waits()
        assert [one.headers["webhook-id"] for one in other.told] == [
            str(pk)
            for pk in Delivery.objects.filter(webhook__url=other.url)
            .order_by("created_at")
            .values_list("pk", flat=True)
        ]


@pytest.mark.django_db(transaction=True)
def test_so_many_are_told_at_a_time_and_no_more(
    alice: User, ada: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ANSWER_WITHIN", 600.0)
    for number in range(deliver.AT_ONCE + 2):
        manage.add(f"{receiver.url}/{number}", ALL, Actor(ada))
    retention.delete(started(alice), Actor(alice))
    with slow(receiver):
        deliver.start()
        until_told(receiver, deliver.AT_ONCE)
        deliver.start()
        assert Delivery.objects.filter(lease_until=None).count() == 2
    until_nothing_waits()
    assert len({told.path for told in receiver.told}) == len(receiver.told) == deliver.AT_ONCE + 2


def test_a_receiver_that_drips_is_cut_off(
    alice: User, hook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ANSWER_WITHIN", 0.5)
    retention.delete(started(alice), Actor(alice))
    begun = time.monotonic()
    with slow(receiver, dripping=True):
        work()
    assert time.monotonic() - begun < 30
    assert Delivery.objects.get().state == "waiting"


@pytest.mark.django_db(transaction=True)
def test_no_delivery_is_made_twice_by_workers_at_the_same_moment(
    alice: User, ada: User, hook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if each thread were a process of its own."""
    monkeypatch.setattr(deliver, "_claiming", nullcontext())
    for _ in range(12):
        retention.delete(started(alice), Actor(alice))
    gate = threading.Barrier(4, timeout=60)

    def run(_: int) -> int:
        gate.wait()
        try:
            done = 0
            while Delivery.objects.exclude(due_at=None).exists():
                done += deliver.send_due()
            return done
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 12
    assert len({told.headers["webhook-id"] for told in receiver.told}) == len(receiver.told) == 12


@pytest.mark.django_db(transaction=True)
def test_two_processes_never_serve_one_webhook_at_once(
    alice: User, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if each thread were a process of its own, and one had read what came due after the other had read."""
    monkeypatch.setattr(deliver, "_claiming", nullcontext())
    for _ in range(2):
        retention.delete(started(alice), Actor(alice))
    gate, due = threading.Barrier(2, timeout=60), DeliveryQuerySet.due
    orders = threading.local()

    def both_read_first(self: DeliveryQuerySet, now: datetime) -> Any:
        order = vars(orders).pop("order", None)
        if order is None:
            return due(self, now)
        found = due(self, now).order_by(order).select_related("webhook").first()
        gate.wait()
        return Mock(select_related=lambda _: Mock(first=lambda: found))

    def claim(order: str) -> Delivery | None:
        orders.order = order
        try:
            return deliver._take_next()
        finally:
            connection.close()

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as pool:
        patched.setattr(DeliveryQuerySet, "due", both_read_first)
        claimed = list(pool.map(claim, ("created_at", "-created_at")))
    assert sorted(delivery is not None for delivery in claimed) == [False, True]
    assert Delivery.objects.exclude(lease_until=None).count() == 1


def test_a_worker_that_died_at_it_is_succeeded(alice: User, hook: Webhook, receiver: Receiver) -> None:
    retention.delete(started(alice), Actor(alice))
    assert deliver._take_next()
    assert deliver.send_due() == 0
    Delivery.objects.update(lease_until=timezone.now())
    assert deliver.send_due() == 1


def test_what_was_told_is_forgotten_after_a_month(alice: User, hook: Webhook) -> None:
    retention.delete(started(alice), Actor(alice))
    assert deliver.forget(timezone.now() + timedelta(days=29)) == 0
    assert deliver.forget(timezone.now() + timedelta(days=31)) == 1
