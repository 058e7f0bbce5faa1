"""Clients that go silent: what came is put away and says that it is a part; what comes later takes its place."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from recordings import enrich, retention, tasks
from recordings.api import tus as views
from recordings.audit import Actor
from recordings.ingest import leases, paced, resumable, silent, start
from recordings.ingest.grants import Grant
from recordings.ingest.leases import Leases
from recordings.media import webm
from recordings.media.errors import WebmError
from recordings.models import Action, AuditEvent, Job, JobKind, Recording, Status, Upload, User
from recordings.models.recording import Kind
from tests.captures import DATA, PART, capture, now_is
from tests.making import api, events, original_of, playable_of, staged, started, stored, sweep_after_silence
from tests.tus_client import Tus, id_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are another story, and there are none in these recordings."""
    monkeypatch.setattr(enrich, "order", lambda recording: None)


@pytest.fixture
def tus(alice: User) -> Tus:
    return Tus(api(alice))


@pytest.fixture
def live(alice: User) -> Recording:
    return started(alice)


def lease(address: str) -> timedelta:
    until = Upload.objects.get(pk=id_of(address)).lease_until
    assert until is not None
    return until - timezone.now()


def test_a_live_capture_is_waited_for_two_minutes(tus: Tus, live: Recording, settings: Settings) -> None:
    assert abs(lease(capture(tus, live)).total_seconds() - 120) < 5
    settings.SORTIE_SILENT_CAPTURE_SECONDS = 600
    assert abs(lease(capture(tus, live)).total_seconds() - 600) < 5


def test_a_plain_upload_is_waited_for_a_day(tus: Tus, settings: Settings) -> None:
    assert abs(lease(begun(tus)).total_seconds() - 86_400) < 5
    settings.SORTIE_SILENT_UPLOAD_HOURS = 2
    assert abs(lease(begun(tus)).total_seconds() - 7200) < 5


def begun(tus: Tus) -> str:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA[:10]).status_code == 204
    return address


def test_an_upload_nothing_came_for_is_waited_for_a_quarter_of_an_hour(tus: Tus) -> None:
    """Its client may never have heard that it was begun; if it has, the first piece brings it back."""
    address = tus.begun(len(DATA))
    assert abs(lease(address).total_seconds() - 900) < 5
    sweep_after_silence()
    assert Recording.objects.get().status == Status.FAILED
    assert tus.patch(address, 0, DATA).status_code == 204
    assert Recording.objects.get().status == Status.READY


def test_nothing_happens_before(tus: Tus, live: Recording) -> None:
    capture(tus, live)
    assert silent.complete(timezone.now() + timedelta(seconds=115)) == 0
    assert now_is(live).status == Status.RECORDING
    assert silent.complete(timezone.now() + timedelta(seconds=125)) == 1
    assert now_is(live).status == Status.UPLOADING


def test_a_piece_is_a_sign_of_life(tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    address = capture(tus, live)
    Upload.objects.update(lease_until=timezone.now() + timedelta(seconds=1))
    monkeypatch.setattr(views, "_leases", Leases())
    tus.patch(address, PART, DATA[PART : PART + 10])
    assert lease(address) > timedelta(seconds=115)


def test_a_piece_that_takes_hours_is_one_all_the_time(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow line, and a client that sends all it has in one request."""
    address, offsets = capture(tus, live), set[int]()
    touch = resumable.touch

    def touched(grants: Collection[Grant]) -> None:
        touch(grants)
        offsets.add(tus.offset(address))

    monkeypatch.setattr(paced, "LEAST", 100)
    monkeypatch.setattr(paced, "BLOCK", 100)
    monkeypatch.setattr(views, "_leases", Leases())
    monkeypatch.setattr(leases, "EVERY", 0)
    monkeypatch.setattr(resumable, "touch", touched)
    assert tus.patch(address, PART, DATA[PART : PART + 1000]).status_code == 204
    assert offsets == set(range(PART, PART + 1001, 100))


def test_what_came_of_a_capture_is_put_away_and_says_that_it_is_a_part(tus: Tus, live: Recording) -> None:
    capture(tus, live)
    sweep_after_silence()
    assert (now_is(live).status, live.incomplete) == (Status.READY, True)
    assert live.error.startswith("The recorder went silent before ")
    assert (live.size_bytes, original_of(live)) == (PART, DATA[:PART])
    assert live.duration_ms == 4000
    assert events(live) == ["start", "upload"]
    assert AuditEvent.objects.get(recording_id=live.pk, action=Action.UPLOAD).detail["incomplete"] is True


def test_the_rest_takes_the_place_of_the_part(tus: Tus, live: Recording, alice: User) -> None:
    address = capture(tus, live)
    sweep_after_silence()
    [part] = stored()
    assert tus.offset(address) == PART
    assert tus.patch(address, PART, DATA[PART:-10]).status_code == 204
    assert (now_is(live).status, live.size_bytes) == (Status.READY, PART)
    assert tus.patch(address, len(DATA) - 10, DATA[-10:], Upload_Length=str(len(DATA))).status_code == 204
    assert (now_is(live).status, live.incomplete, live.error) == (Status.READY, False, "")
    assert (original_of(live), live.duration_ms) == (DATA, 8000)
    assert stored() == [live.storage_key] != [part]
    assert staged() == []
    assert events(live) == ["start", "upload", "upload"]


def test_a_longer_part_takes_the_place_of_a_shorter_one(tus: Tus, live: Recording) -> None:
    address = capture(tus, live)
    sweep_after_silence()
    tus.patch(address, PART, DATA[PART : PART + 2000])
    sweep_after_silence()
    assert (now_is(live).status, live.incomplete, live.size_bytes) == (Status.READY, True, PART + 2000)
    assert stored() == [live.storage_key]
    tus.patch(address, PART + 2000, DATA[PART + 2000 :], Upload_Length=str(len(DATA)))
    assert original_of(now_is(live)) == DATA


def test_a_client_that_only_had_to_say_it_was_done(tus: Tus, live: Recording) -> None:
    """All had been sent, but the tab died before it could announce the length."""
    address = capture(tus, live, DATA)
    sweep_after_silence()
    assert now_is(live).incomplete
    assert tus.patch(address, len(DATA), b"", Upload_Length=str(len(DATA))).status_code == 204
    assert (now_is(live).incomplete, live.error, original_of(live)) == (False, "", DATA)
    assert not Job.objects.filter(kind=JobKind.FINISH).exists()


def test_a_part_stays_as_it_is_while_its_client_never_finishes(tus: Tus, live: Recording) -> None:
    address = capture(tus, live)
    sweep_after_silence()
    before, content = now_is(live).storage_key, playable_of(live)
    for _ in range(3):
        tus.head(address)
        Upload.objects.update(lease_until=timezone.now())
        sweep_after_silence()
    assert (now_is(live).storage_key, playable_of(live), stored()) == (before, content, [before])
    assert events(live) == ["start", "upload"]


def test_a_rest_that_is_no_recording_does_not_destroy_the_part(tus: Tus, live: Recording) -> None:
    address = capture(tus, live, DATA[:PART])
    sweep_after_silence()
    before = now_is(live).storage_key

    def refuse(*_: object, **__: object) -> Any:
        raise WebmError("The recording is damaged.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webm, "scan", refuse)
        assert tus.patch(address, PART, DATA[PART:], Upload_Length=str(len(DATA))).status_code == 415
    assert (now_is(live).status, live.incomplete, live.storage_key) == (Status.READY, True, before)
    assert original_of(live) == DATA[:PART]


def test_a_capture_without_a_byte_has_failed(tus: Tus, live: Recording) -> None:
    address = capture(tus, live, b"")
    sweep_after_silence()
    assert now_is(live).status == Status.FAILED
    assert live.error.startswith("Nothing arrived")
    assert events(live) == ["start", "fail"]
    assert tus.patch(address, 0, DATA[:PART]).status_code == 204
    assert (now_is(live).status, live.error) == (Status.UPLOADING, "")
    assert tus.patch(address, PART, DATA[PART:], Upload_Length=str(len(DATA))).status_code == 204
    assert original_of(now_is(live)) == DATA


@pytest.mark.parametrize("sent", [b"", DATA[:PART]])
@pytest.mark.parametrize(("kind", "left"), [("screen", "stopped"), ("desktop", "running")])
def test_the_session_of_a_record_page_ends_with_the_page(
    tus: Tus, alice: User, sent: bytes, kind: str, left: str
) -> None:
    session = start.open_session(owner=alice, by=Actor(alice), app_id="screen", kind=kind)
    capture(tus, started(alice, session), sent)
    sweep_after_silence()
    session.refresh_from_db()
    assert session.status == left


def test_a_capture_that_never_began_to_send_has_failed(live: Recording) -> None:
    Recording.objects.update(lease_until=timezone.now())
    tasks.sweep()
    assert now_is(live).status == Status.FAILED


def test_bytes_that_are_no_recording_yet_fail_and_may_become_one(tus: Tus, live: Recording) -> None:
    """Ten seconds in: a head without a single picture."""
    address = capture(tus, live, DATA[:100])
    sweep_after_silence()
    assert now_is(live).status == Status.FAILED
    sweep_after_silence()
    tasks.sweep()
    assert events(live) == ["start", "fail"]
    assert tus.offset(address) == 100
    tus.patch(address, 100, DATA[100:], Upload_Length=str(len(DATA)))
    assert original_of(now_is(live)) == DATA


def test_a_stopped_capture_is_put_away_as_well(tus: Tus, live: Recording, alice: User) -> None:
    address = capture(tus, live)
    start.stop(live, Actor(alice))
    assert now_is(live).status == Status.UPLOADING
    tus.patch(address, PART, DATA[PART : PART + 50])
    sweep_after_silence()
    assert (now_is(live).status, live.incomplete, live.size_bytes) == (Status.READY, True, PART + 50)


def test_a_plain_upload_that_stands_still_is_put_away_too(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:PART])
    sweep_after_silence()
    part = Recording.objects.get()
    assert (part.status, part.incomplete, part.size_bytes) == (Status.READY, True, PART)
    assert tus.patch(address, PART, DATA[PART:]).status_code == 204
    assert original_of(now_is(part)) == DATA
    assert not part.incomplete


# --- several uploads of one recording ----------------------------------------------------------------------------


def test_a_client_that_begins_anew_is_not_taken_for_silent(tus: Tus, live: Recording) -> None:
    old = capture(tus, live)
    new = capture(tus, live, DATA[:10])
    Upload.objects.filter(pk=id_of(old)).update(lease_until=timezone.now())
    tasks.sweep()
    assert now_is(live).status == Status.RECORDING
    tus.patch(new, 10, DATA[10:], Upload_Length=str(len(DATA)))
    assert original_of(now_is(live)) == DATA


def test_of_two_silent_uploads_the_longer_one_is_put_away(tus: Tus, live: Recording) -> None:
    capture(tus, live)
    capture(tus, live, DATA[: PART - 1000])
    capture(tus, live, b"")
    for _ in range(3):
        sweep_after_silence()
    assert (now_is(live).status, live.size_bytes) == (Status.READY, PART)
    assert events(live) == ["start", "upload"]
    assert not Upload.objects.filter(lease_until__isnull=False).exists()


# --- what is over ------------------------------------------------------------------------------------------------


def table() -> list[Any]:
    rows: list[Any] = [Recording.objects, Upload.objects, Job.objects, AuditEvent.objects]
    return [list(manager.order_by("pk").values()) for manager in rows]


def test_a_thousand_sweeps_over_what_is_over_change_nothing(
    tus: Tus, alice: User, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(3):
        tus.patch(tus.begun(len(DATA)), 0, DATA)
    capture(tus, started(alice))
    capture(tus, started(alice), b"")
    tus.delete(capture(tus, started(alice)))
    retention.delete(Recording.objects.filter(status=Status.READY)[0], Actor(alice))
    sweep_after_silence()
    Job.objects.filter(kind=JobKind.PICTURES).delete()
    before, objects, parts = table(), stored(), staged()
    with django_assert_max_num_queries(6000):
        for _ in range(1000):
            assert silent.complete(timezone.now()) == 0
    assert (table(), stored(), staged()) == (before, objects, parts)


def test_a_deleted_recording_is_left_alone(tus: Tus, live: Recording, alice: User) -> None:
    address = capture(tus, live)
    retention.delete(live, Actor(alice))
    Upload.objects.update(lease_until=timezone.now())
    assert silent.complete(timezone.now()) == 0
    retention.restore(live, Actor(alice))
    sweep_after_silence()
    assert now_is(live).status == Status.READY
    assert tus.offset(address) == PART


def aged(**times: datetime) -> None:
    Upload.objects.update(**times)


def test_expired_uploads_go_and_what_was_made_of_them_stays(tus: Tus, live: Recording) -> None:
    capture(tus, live)
    sweep_after_silence()
    tus.patch(tus.begun(len(DATA)), 0, DATA)
    later = timezone.now() + resumable.RESUMABLE_FOR
    assert silent.forget_expired(later - timedelta(minutes=1)) == 1  # the whole one: asked about for a day
    assert silent.forget_expired(later + timedelta(minutes=1)) == 1
    assert not Upload.objects.exists()
    assert staged() == []
    assert original_of(now_is(live)) == DATA[:PART]


def test_an_expired_upload_whose_client_comes_back_in_that_moment_is_kept(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture(tus, live)
    aged(expires_at=timezone.now())
    expired = Upload.objects.expired

    def once(now: datetime) -> Any:
        found = list(expired(now).values_list("pk", flat=True))
        aged(expires_at=now + timedelta(days=1))
        monkeypatch.undo()
        return Upload.objects.filter(pk__in=found)

    monkeypatch.setattr(type(Upload.objects), "expired", lambda self, now: once(now), raising=False)
    assert silent.forget_expired(timezone.now()) == 0
    assert len(staged()) == 1


def test_all_that_is_expired_goes_at_once(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silent, "BATCH", 2)
    for _ in range(5):
        tus.begun(5)
    assert silent.forget_expired(timezone.now() + resumable.RESUMABLE_FOR + timedelta(minutes=1)) == 5
    assert staged() == []


def test_bytes_without_a_row_are_removed_after_an_hour(tus: Tus, live: Recording) -> None:
    address = capture(tus, live)
    Upload.objects.filter(pk=id_of(address)).delete()
    kept = capture(tus, live)
    assert silent.forget_abandoned(timezone.now()) == 0
    assert silent.forget_abandoned(timezone.now() + timedelta(hours=2)) == 1
    assert staged() == [f"{id_of(kept)}.part"]


def test_complete_uploads_does_it_by_hand(tus: Tus, live: Recording) -> None:
    capture(tus, live)
    Upload.objects.update(lease_until=timezone.now())
    said = StringIO()
    call_command("complete_uploads", stdout=said)
    assert now_is(live).status == Status.READY
    assert "1 silent recordings ended" in said.getvalue()
    again = StringIO()
    call_command("complete_uploads", stdout=again)
    assert again.getvalue() == "0 jobs done, 0 silent recordings ended\n"


def test_terminal_recordings_wait_for_their_upload(alice: User) -> None:
    cast = started(alice, kind=Kind.TERMINAL)
    tasks.sweep()
    assert now_is(cast).status == Status.RECORDING
