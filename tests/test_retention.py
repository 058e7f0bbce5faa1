"""The end of recordings: hidden when due, restored in time, purged with their bytes, whatever fails on the way."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from recordings import jobs, retention
from recordings.audit import SORTIE, Actor
from recordings.ingest import simple
from recordings.models import AuditEvent, Job, Recording, Upload, User
from recordings.storage import DeletionIncomplete, RecordingStore, StorageUnavailable, current_store
from recordings.tasks import HANDLERS
from tests.making import (
    api,
    arrived,
    deleted,
    events,
    let_leases_end,
    ready,
    session_of,
    staged,
    started,
    stored,
    webm,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.SORTIE_RECORDING_RETENTION_DAYS = 30
    settings.SORTIE_TERMINAL_RETENTION_DAYS = 90
    settings.SORTIE_DELETED_KEEP_HOURS = 24


def row(owner: User, age: timedelta, **facts: Any) -> Recording:
    """A ready recording completed `age` before NOW, without bytes."""
    whole = {"status": "ready", "storage_backend": current_store().name, "sha256": "s", "size_bytes": 1}
    key = f"{'0' * 8}-0000-4000-8000-{Recording.objects.count():012x}/{'0' * 16}.webm"
    facts = {**whole, "storage_key": key, "completed_at": NOW - age, **facts}
    return Recording.objects.create(session=session_of(owner), owner=owner, **facts)


def make_due(*recordings: Recording) -> None:
    """As if their time to be restored were over."""
    past = timezone.now() - TICK
    Recording.objects.filter(pk__in=[r.pk for r in recordings]).update(deleted_at=past, purge_after=past)


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


# --- purging --------------------------------------------------------------------------------------------------


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


class Failing:
    """The real store, in which deleting fails for some, or all (None), after `first` was called."""

    def __init__(self, keys: set[str] | None = None, first: Callable[[], Any] = lambda: None) -> None:
        self.keys, self.first = keys, first

    def __call__(self, name: str) -> "Failing":
        return self

    def delete(self, keys: Iterable[str]) -> None:
        self.first()
        if self.keys is None:
            raise StorageUnavailable("It is away.")
        asked = list(keys)
        current_store().delete([key for key in asked if key not in self.keys])
        remaining = {key: "locked" for key in asked if key in self.keys}
        if remaining:
            raise DeletionIncomplete(remaining)


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
