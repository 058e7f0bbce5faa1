"""Bytes removed, then rows, in batches: whatever fails, is held or is changed by others meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from recordings import audit, jobs, retention
from recordings.audit import SORTIE, Actor
from recordings.ingest import simple
from recordings.models import AuditEvent, Job, Recording, Tag, Upload, User
from recordings.tasks import HANDLERS
from tests.ending import DAY, HOUR, NOW, Failing, make_due, row
from tests.making import (
    arrived,
    let_leases_end,
    ready,
    staged,
    started,
    stored,
    webm,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.SORTIE_RECORDING_RETENTION_DAYS = 30
    settings.SORTIE_DELETED_KEEP_HOURS = 24
    settings.SORTIE_RECORDING_STORAGE_PATH.mkdir(mode=0o700)  # which is there once anything was stored


def test_purging_removes_bytes_then_rows(alice: User) -> None:
    kept, gone = ready(alice), [ready(alice) for _ in range(3)]
    make_due(*gone)
    assert retention.purge(timezone.now()) == retention.Purged(gone=3)
    assert stored() == [kept.storage_key]
    assert list(Recording.objects.all()) == [kept]
    for recording in gone:
        event = AuditEvent.objects.get(action="purge", recording_id=recording.pk)
        assert (event.detail["sha256"], event.actor_name) == (recording.sha256, "")
    assert retention.purge(timezone.now()) == retention.Purged()


def test_the_clock_is_the_callers(alice: User) -> None:
    recording = ready(alice)
    retention.delete(recording, Actor(alice))
    assert retention.purge(timezone.now() + 23 * HOUR) == retention.Purged()
    assert retention.purge(timezone.now() + 25 * HOUR) == retention.Purged(gone=1)
    assert stored() == []
    assert not Recording.objects.exists()


def test_a_recording_goes_with_everything_on_its_way(alice: User) -> None:
    recording, body = started(alice), arrived(webm())
    simple._accept(recording, body, Actor(alice), simple.About("x"))
    make_due(recording)
    assert retention.purge(timezone.now()).gone == 0  # a worker is on it
    let_leases_end()
    assert retention.purge(timezone.now()).gone == 1
    assert staged() == []
    assert not Job.objects.exists()
    assert not Upload.objects.exists()


def test_a_store_may_fail_fifty_times_and_nothing_is_orphaned(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = [ready(alice) for _ in range(2)]
    make_due(*gone)
    with monkeypatch.context() as broken:
        broken.setattr(retention, "store_for", Failing())
        for _ in range(50):
            assert retention.purge(timezone.now()) == retention.Purged(waiting=2)
    assert stored() == sorted(recording.storage_key for recording in gone)
    assert Recording.objects.count() == 2
    assert retention.purge(timezone.now()) == retention.Purged(gone=2)
    assert stored() == []
    assert AuditEvent.objects.filter(action="purge").count() == 2


def test_what_can_be_deleted_is_and_the_rest_waits(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [ready(alice) for _ in range(4)]
    make_due(*batch)
    locked = {recording.storage_key for recording in batch[:2]}
    with monkeypatch.context() as broken:
        broken.setattr(retention, "store_for", Failing(locked))
        assert retention.purge(timezone.now()) == retention.Purged(gone=2, waiting=2)
    assert {recording.storage_key for recording in Recording.objects.all()} == locked == set(stored())
    assert retention.purge(timezone.now()) == retention.Purged(gone=2)


def test_what_cannot_be_deleted_keeps_nothing_else_waiting(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "OBJECTS_AT_ONCE", 3)
    monkeypatch.setattr(retention, "BATCH", 2)
    batch = [row(alice, DAY) for _ in range(11)]
    make_due(*batch)
    locked = {recording.storage_key for recording in batch[1:6]}
    with monkeypatch.context() as broken:
        broken.setattr(retention, "store_for", Failing(locked))
        assert retention.purge(timezone.now()) == retention.Purged(gone=6, waiting=5)
    assert {recording.storage_key for recording in Recording.objects.all()} == locked
    assert retention.purge(timezone.now()) == retention.Purged(gone=5)


def test_many_take_no_more_statements_than_few(alice: User) -> None:
    taken: list[tuple[int, int]] = []
    for count in (2, 40):
        old = [row(alice, 99 * DAY) for _ in range(count)]
        Tag.objects.bulk_create(Tag(recording=recording, name="invoices") for recording in old)
        with CaptureQueriesContext(connection) as hiding:
            assert retention.expire(NOW) == count
        with CaptureQueriesContext(connection) as purging:
            assert retention.purge(timezone.now() + 25 * HOUR).gone == count
        taken.append((len(hiding), len(purging)))
    assert taken[0] == taken[1]


def test_a_crash_when_the_bytes_are_gone_loses_no_row(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = [row(alice, DAY) for _ in range(3)]
    make_due(*gone)
    with monkeypatch.context() as broken:
        broken.setattr(audit, "record_all", Mock(side_effect=ConnectionError))
        with pytest.raises(ConnectionError):
            retention.purge(timezone.now())
    assert Recording.objects.count() == 3
    assert retention.purge(timezone.now()) == retention.Purged(gone=3)
    assert AuditEvent.objects.filter(action="purge").count() == 3


def test_what_only_a_newer_version_can_remove_waits_for_it(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    batch = [row(alice, DAY) for _ in range(3)]
    make_due(*batch)
    key = Recording._meta.pk
    table = f"CREATE TABLE newer (of {key.db_type(connection)} REFERENCES recordings_recording (id))"
    with connection.cursor() as cursor:
        cursor.execute(table)
        cursor.execute("INSERT INTO newer VALUES (%s)", [key.get_db_prep_value(batch[1].pk, connection)])
        assert retention.purge(timezone.now()) == retention.Purged(gone=2, waiting=1)
        cursor.execute("DELETE FROM newer")
        assert retention.purge(timezone.now()) == retention.Purged(gone=1)


@pytest.mark.only("many")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["row", "job"])
def test_what_somebody_is_changing_is_left_for_the_next_time(alice: User, what: str) -> None:
    batch = [row(alice, DAY) for _ in range(3)]
    make_due(*batch)
    job = Job.objects.create(kind="finish", recording=batch[1])

    def purged() -> retention.Purged:
        try:
            return retention.purge(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held: QuerySet[Any] = Job.objects.filter(pk=job.pk)
            if what == "row":
                held = Recording.objects.filter(pk=batch[1].pk)
            list(held.select_for_update())
            assert pool.submit(purged).result(timeout=60) == retention.Purged(gone=2)
        assert pool.submit(purged).result(timeout=60) == retention.Purged(gone=1)


def test_an_upload_that_is_put_away_meanwhile_is_not_orphaned(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    recording, other = started(alice), ready(alice)
    jobs.run_due(HANDLERS)
    simple._accept(recording, arrived(webm()), Actor(alice), simple.About("x"))
    let_leases_end()
    make_due(recording, other)
    with monkeypatch.context() as raced:
        raced.setattr(retention, "store_for", Failing(set(), first=lambda: jobs.run_due(HANDLERS)))
        assert retention.purge(timezone.now()).gone == 1
    assert stored()
    assert retention.purge(timezone.now()).gone == 1
    assert stored() == []


def test_deleting_what_was_purged_meanwhile_is_no_failure(alice: User) -> None:
    recording = started(alice)
    seen = Recording.objects.get(pk=recording.pk)
    make_due(recording)
    retention.purge(timezone.now())
    retention.delete(seen, SORTIE)
    retention.release(seen, SORTIE)
    assert not retention.hold(seen, SORTIE)
    assert not retention.restore(seen, SORTIE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", ["expire", "purge"])
def test_two_runs_at_once_do_everything_once(alice: User, run: str) -> None:
    batch = [ready(alice, completed_at=timezone.now() - 99 * DAY) for _ in range(12)]
    if run == "purge":
        make_due(*batch)

    def one(_: int) -> Any:
        try:
            return getattr(retention, run)(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(one, range(3)))
    action = "delete" if run == "expire" else "purge"
    done = AuditEvent.objects.filter(action=action).values_list("recording_id", flat=True)
    assert sorted(map(str, done)) == sorted(str(recording.pk) for recording in batch)
    assert len(stored()) == (12 if run == "expire" else 0)
