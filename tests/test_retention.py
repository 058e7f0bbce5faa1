"""The end of recordings: hidden when due, restored in time, purged with their bytes, whatever fails on the way."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from recordings import retention
from recordings.audit import Actor
from recordings.ingest import simple
from recordings.models import AuditEvent, Delivery, Recording, User, Webhook
from recordings.storage import RecordingStore, current_store
from tests.ending import DAY, HOUR, NOW, TICK, Failing, make_due, row
from tests.making import (
    api,
    arrived,
    deleted,
    events,
    let_leases_end,
    ready,
    session_of,
    started,
    stored,
    webm,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.SORTIE_RECORDING_RETENTION_DAYS = 30
    settings.SORTIE_TERMINAL_RETENTION_DAYS = 90
    settings.SORTIE_DELETED_KEEP_HOURS = 24


# --- hiding ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "facts", "expected"),
    [
        (30 * DAY + TICK, {}, True),
        (30 * DAY, {}, False),
        (30 * DAY - TICK, {}, False),
        (31 * DAY, {"on_hold": True}, False),
        (31 * DAY, {"status": "failed"}, False),
        (31 * DAY, {"status": "uploading"}, False),
        (31 * DAY, {"status": "recording"}, False),
        (31 * DAY, {"deleted_at": NOW, "purge_after": NOW + DAY}, False),
        (31 * DAY, {"kind": "terminal"}, False),
        (90 * DAY + TICK, {"kind": "terminal"}, True),
        (90 * DAY, {"kind": "terminal"}, False),
    ],
)
def test_what_is_older_than_its_limit_is_hidden_and_nothing_else(
    alice: User, age: timedelta, facts: dict[str, Any], expected: bool
) -> None:
    recording = row(alice, age, **facts)
    before = recording.deleted_at
    assert [due.recording for due in retention.due(NOW)] == [recording] * expected
    assert retention.expire(NOW) == expected
    recording.refresh_from_db()
    assert (recording.deleted_at != before) == expected
    if facts.get("deleted_at") is None:
        assert (recording.expires_at is not None and recording.expires_at < NOW) == expected


def test_without_a_limit_nothing_is_hidden(alice: User, settings: Settings) -> None:
    settings.SORTIE_RECORDING_RETENTION_DAYS = settings.SORTIE_TERMINAL_RETENTION_DAYS = 0
    kept = [row(alice, 9999 * DAY), row(alice, 9999 * DAY, kind="terminal")]
    assert retention.expire(NOW) == 0
    assert {recording.expires_at for recording in kept} == {None}


def test_a_run_takes_everything_due_and_is_audited(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    old = [row(alice, 40 * DAY + number * HOUR) for number in range(8)]
    held = row(alice, 50 * DAY, on_hold=True)
    assert retention.expire(NOW) == 8
    assert retention.expire(NOW) == 0
    for recording in old:
        [event] = AuditEvent.objects.filter(recording_id=recording.pk)
        assert (event.action, event.actor_name) == ("delete", "")
        assert event.detail["reason"] == "Video recordings are kept for 30 days"
    runs = AuditEvent.objects.filter(action="retention").order_by("at").values_list("detail", flat=True)
    assert list(runs) == [{"hidden": 8}, {"hidden": 0}]
    assert events(held) == []


def test_webhooks_are_told_of_all_that_is_hidden(alice: User, hook: Webhook) -> None:
    old = [row(alice, 99 * DAY, title=f"Old {number}") for number in range(3)]
    retention.expire(NOW)
    told = [json.loads(delivery.body)["data"] for delivery in Delivery.objects.filter(webhook=hook)]
    assert {data["recording"]["id"]: data["recording"]["title"] for data in told} == {
        str(recording.pk): recording.title for recording in old
    }
    assert {data["reason"] for data in told} == {"Video recordings are kept for 30 days"}


def test_the_oldest_go_first(alice: User) -> None:
    rows = [row(alice, age * DAY) for age in (35, 50, 40)]
    assert [due.recording for due in retention.due(NOW, most=2)] == [rows[1], rows[2]]


# --- restoring and holding ------------------------------------------------------------------------------------


def test_deleting_hides_and_restoring_brings_all_back(alice: User) -> None:
    recording, client = ready(alice), api(alice)
    before = client.get(f"/api/recordings/{recording.pk}").json()
    retention.delete(recording, Actor(alice))
    retention.delete(recording, Actor(alice))
    assert client.get(f"/api/recordings/{recording.pk}").status_code == 404
    assert stored() == [recording.storage_key]
    assert retention.restore(recording, Actor(alice))
    assert not retention.restore(recording, Actor(alice))
    assert client.get(f"/api/recordings/{recording.pk}").json() == before
    assert events(recording)[-2:] == ["delete", "restore"]


@pytest.mark.parametrize(("left", "restorable"), [(timedelta(minutes=1), True), (-TICK, False)])
def test_restoring_ends_when_purging_may_begin(alice: User, left: timedelta, restorable: bool) -> None:
    recording = deleted(alice, purge_after=timezone.now() + left)
    assert Recording.objects.due_for_purge(timezone.now()).exists() != restorable
    assert Recording.objects.restorable_by(alice, timezone.now()).exists() == restorable
    answer = api(alice).post(f"/api/recordings/{recording.pk}/restore")
    assert answer.status_code == (200 if restorable else 404)


def test_what_is_held_is_not_deleted_and_says_why(alice: User, ada: User) -> None:
    recording = ready(alice, completed_at=NOW - 99 * DAY)
    retention.hold(recording, Actor(ada), reason="case 7")
    with pytest.raises(retention.OnHold, match="case 7"):
        retention.delete(recording, Actor(ada))
    answer = api(alice).delete(f"/api/recordings/{recording.pk}")
    assert (answer.status_code, "case 7" in answer.json()["detail"]) == (409, True)
    assert retention.expire(NOW) == 0
    retention.release(recording, Actor(ada))
    retention.release(recording, Actor(ada))
    assert retention.expire(NOW) == 1
    assert events(recording)[-3:] == ["hold", "release", "delete"]


def test_a_hold_keeps_a_deleted_one_from_being_purged(alice: User, ada: User) -> None:
    recording = deleted(alice)
    assert retention.hold(recording, Actor(ada))
    make_due(recording)
    assert retention.purge(timezone.now()).gone == 0
    retention.release(recording, Actor(ada))
    assert retention.purge(timezone.now()).gone == 1


def test_a_hold_may_come_too_late(alice: User, ada: User) -> None:
    recording = deleted(alice, purge_after=timezone.now() - TICK)
    assert not retention.hold(recording, Actor(ada))
    assert events(recording) == ["start"]


# --- commands -------------------------------------------------------------------------------------------------


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out, stderr=out)
    return out.getvalue()


def test_a_dry_run_says_what_would_go_and_changes_nothing(alice: User) -> None:
    old = ready(alice, completed_at=timezone.now() - 31 * DAY, title="Old one")
    make_due(ready(alice))
    before = list(Recording.objects.order_by("pk").values()), stored(), AuditEvent.objects.count()
    text = said("purge_recordings", "--dry-run")
    assert f"{old.pk}" in text
    assert "alice  Old one: Video recordings are kept for 30 days" in text
    assert text.endswith("1 would be hidden, 1 removed for good\n")
    assert (list(Recording.objects.order_by("pk").values()), stored(), AuditEvent.objects.count()) == before


def test_the_command_hides_and_purges(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(alice, completed_at=timezone.now() - 31 * DAY)
    make_due(ready(alice))
    with monkeypatch.context() as broken:
        broken.setattr(retention, "store_for", Failing())
        text = said("purge_recordings")
    assert text.startswith("1 hidden, 0 removed for good\n1 could not be removed")
    assert said("purge_recordings") == "0 hidden, 1 removed for good\n"


def test_a_batch_is_not_the_end_of_the_preview(alice: User) -> None:
    session, whole = session_of(alice), {"status": "ready", "sha256": "s", "storage_key": "k", "size_bytes": 1}
    Recording.objects.bulk_create(
        Recording(session=session, owner=alice, completed_at=NOW - 999 * DAY, **whole)
        for _ in range(retention.BATCH + 1)
    )
    assert f"\n{retention.BATCH} or more would be hidden, 0 removed" in said("purge_recordings", "--dry-run")


def test_uploads_are_completed_by_command(alice: User) -> None:
    recording, silent = started(alice), started(alice)
    simple._accept(recording, arrived(webm()), Actor(alice), simple.About("x"))
    let_leases_end()
    Recording.objects.filter(pk=silent.pk).update(lease_until=timezone.now() - TICK)
    assert said("complete_uploads") == "2 jobs done, 1 silent recordings ended\n"
    assert said("complete_uploads") == "0 jobs done, 0 silent recordings ended\n"


def test_the_store_is_what_the_row_says(alice: User) -> None:
    store: RecordingStore = current_store()
    assert ready(alice).storage_backend == store.name
