"""The reads behind the start page, and that they cost the same however many recordings there are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from recordings import overview, tasks
from recordings.models import Job, JobKind, Recording, Status, StorageDay, User
from recordings.overview import Number
from tests.making import deleted, ready, started

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def update(recording: Recording, **facts: Any) -> Recording:
    Recording.objects.filter(pk=recording.pk).update(**facts)
    recording.refresh_from_db()
    return recording


@pytest.mark.django_db
def test_totals(alice: User, bob: User) -> None:
    kept = ready(alice)
    gone = update(ready(alice), deleted_at=timezone.now(), purge_after=timezone.now() + timedelta(hours=1))
    update(started(bob), created_at=timezone.now() - timedelta(days=3))
    seen = overview.read(timezone.now())
    assert seen.today == Number(1)
    assert seen.people == Number(2)
    assert seen.totals is not None
    assert seen.totals.recordings == 2
    assert seen.totals.stored_bytes == (kept.stored_size or 0) + (gone.stored_size or 0)


@pytest.mark.django_db
def test_many_are_not_summed_while_somebody_waits(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "FEW", 2)
    monkeypatch.setattr(overview, "COUNTED", 2)
    for _ in range(3):
        started(alice)
    now = timezone.now()
    seen = overview.read(now)
    assert seen.totals is None
    assert str(overview.up_to(Recording.objects.all(), 2)) == "2+"
    day = overview.measure(now)
    assert (day.recordings, day.stored_bytes) == (3, 0)
    started(alice)
    totals = overview.read(now + timedelta(minutes=5)).totals
    assert totals is not None
    assert (totals.recordings, totals.at) == (3, now)


@pytest.mark.django_db
def test_a_day_is_measured_over_and_over_and_kept_once(alice: User) -> None:
    overview.measure(NOW)
    recording = ready(alice)
    overview.measure(NOW + timedelta(hours=2))
    overview.measure(NOW + timedelta(days=1))
    days = list(StorageDay.objects.values_list("day", "recordings", "stored_bytes"))
    assert days == [
        (NOW.date(), 1, recording.stored_size),
        (NOW.date() + timedelta(days=1), 1, recording.stored_size),
    ]


@pytest.mark.django_db
def test_what_needs_attention(alice: User) -> None:
    failed = update(started(alice), status=Status.FAILED, error="Nothing arrived.")
    partial = update(ready(alice), incomplete=True)
    held = update(started(alice), on_hold=True)
    long_ago = timezone.now() - timedelta(hours=1)
    refused = deleted(alice, purge_after=long_ago)
    deleted(alice, status=Status.FAILED)
    found = overview.read(timezone.now()).attention
    assert found.failed.rows == [failed]
    assert found.incomplete.rows == [partial]
    assert found.unpurged.rows == [refused]
    assert found.held == Number(1)
    assert not found.stuck.number
    assert not found.idle
    job = Job.objects.create(kind=JobKind.FINISH, recording=held, error="The store does not answer.")
    assert overview.read(timezone.now()).attention.stuck.rows == [job]


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["job", "silent"])
def test_work_that_waits_for_minutes_shows_that_nobody_works(alice: User, what: str) -> None:
    recording = started(alice)
    early = timezone.now() - timedelta(minutes=6)
    if what == "job":
        Job.objects.create(kind=JobKind.FINISH, recording=recording, run_after=early)
    else:
        update(recording, lease_until=early, created_at=early)
    assert overview.read(timezone.now()).attention.idle
    assert not overview.read(timezone.now() - timedelta(minutes=5)).attention.idle


@pytest.mark.django_db
def test_the_next_run_and_what_it_takes(alice: User, settings: Settings) -> None:
    settings.SORTIE_RECORDING_RETENTION_DAYS = 30
    nearly = update(ready(alice), completed_at=NOW - timedelta(days=30) + timedelta(minutes=20))
    update(ready(alice), completed_at=NOW - timedelta(days=29))
    update(ready(alice), completed_at=NOW - timedelta(days=90), on_hold=True)
    run = overview.read(NOW).next_run
    assert run.at == datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
    assert run.number == Number(1)
    [due] = run.takes
    assert (due.recording, due.reason) == (nearly, "Video recordings are kept for 30 days")


@pytest.mark.django_db
def test_every_count_ends_somewhere(alice: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        overview.read(timezone.now())
    unbounded = [query["sql"] for query in asked.captured_queries if "LIMIT" not in query["sql"]]
    # The days that are drawn, at most ninety.
    assert [sql for sql in unbounded if "recordings_storageday" not in sql] == []


@pytest.mark.django_db
def test_the_hourly_run_measures(alice: User) -> None:
    started(alice)
    tasks.retention()
    assert StorageDay.objects.get().recordings == 1


@pytest.mark.django_db
@pytest.mark.only("single")
@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: Recording.objects.silent(NOW), "recording_unfinished"),
        (lambda: Recording.objects.due_for_purge(NOW).order_by(), "recording_purge"),
        (
            lambda: Recording.objects.filter(deleted_at=None, status="failed", completed_at=None),
            "recording_not_ready",
        ),
        (lambda: Recording.objects.filter(deleted_at=None, incomplete=True), "recording_incomplete"),
        (lambda: Recording.objects.filter(on_hold=True), "recording_held"),
        (lambda: Recording.objects.older_than_limit("video", NOW, 30), "recording_retention"),
    ],
)
def test_an_index_finds_what_is_rare(rows: Callable[[], QuerySet[Recording]], index: str) -> None:
    """The sweep asks for some of these every few seconds; a partial index only helps if the planner can tell."""
    assert index in rows().explain()
