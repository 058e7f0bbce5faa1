"""The audit log: one event for each thing that happens, in its transaction, and never changed again."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from recordings import audit, library, policies, retention
from recordings.audit import SORTIE, Actor
from recordings.ingest import silent, simple, start
from recordings.models import Action, AuditEvent, Marker, Policy, Recording, Session, Upload, User
from tests.making import api, arrived, browser, deleted, events, ready, session_of, started, upload, webm

pytestmark = pytest.mark.django_db


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at").values_list("action", flat=True))


# --- one event for each thing ---------------------------------------------------------------------------------


def test_the_life_of_a_recording_is_told(alice: User, ada: User) -> None:
    client, admin = api(alice), api(ada)
    session = client.post("/api/sessions", {"app_id": "firefox"}, format="json").json()["id"]
    begun = client.post(f"/api/sessions/{session}/recording/start").json()
    recording = Recording.objects.get(pk=begun["recording_id"])
    at = f"/api/recordings/{recording.pk}"
    client.post(f"/api/sessions/{session}/recording/stop", begun, format="json")
    upload(client, recording)
    client.post(f"/api/sessions/{session}/stop")
    read(admin.get(f"{at}/download?original=1"))
    client.patch(at, {"title": "x", "tags": ["y"]}, format="json")
    client.delete(at)
    client.post(f"{at}/restore")
    admin.put("/api/admin/settings", {"recording_auto_record": "true"}, format="json")
    told = (
        AuditEvent.objects.exclude(action="token_create")
        .order_by("at")
        .values_list("action", "actor_name", "address")
    )
    assert list(told) == [
        (action, name, "127.0.0.1")
        for action, name in (
            ("session_start", "alice"),
            ("start", "alice"),
            ("stop", "alice"),
            ("upload", "alice"),
            ("session_stop", "alice"),
            ("download", "ada"),
            ("edit", "alice"),
            ("delete", "alice"),
            ("restore", "alice"),
            ("policy", "ada"),
        )
    ]
    of_recording = AuditEvent.objects.filter(recording_id=recording.pk)
    assert of_recording.count() == 7
    assert set(of_recording.values_list("session_id", flat=True)) == {recording.session_id}
    shown = client.get(f"{at}/activity").json()
    assert [event["action"] for event in shown] == events(recording)[::-1]
    assert shown[2]["detail"] == {"fields": ["title", "tags"]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "", None),
        ("get", "/activity", None),
        ("get", "/markers", None),
        ("patch", "", {}),
        ("patch", "", {"title": "x" * 999}),
        ("head", "/download?original=1", None),
        ("post", "/restore", None),
    ],
)
def test_what_changes_and_gives_away_nothing_is_not_an_event(
    alice: User, method: str, path: str, body: dict[str, str] | None
) -> None:
    recording, client = ready(alice), api(alice)
    before = actions()
    getattr(client, method)(f"/api/recordings/{recording.pk}{path}", body, format="json")
    assert actions() == before


def test_who_is_turned_away_did_nothing(alice: User, bob: User) -> None:
    recording, stranger = ready(alice), api(bob)
    before = actions()
    at = f"/api/recordings/{recording.pk}"
    stranger.get(f"{at}/download")
    stranger.delete(at)
    stranger.patch(at, {"title": "x"}, format="json")
    stranger.post(f"/api/sessions/{recording.session_id}/recording/start")
    upload(stranger, recording)
    browser(bob).get(f"/recordings/{recording.pk}/media")
    assert actions() == before


# --- together or not at all -----------------------------------------------------------------------------------


def facts() -> Any:
    """Everything that an event may be about."""
    models = (Recording, Session, Policy, Marker, Upload)
    return [list(model.objects.order_by("pk").values()) for model in models]


def unmark() -> None:
    library.unmark(Marker.objects.get(), SORTIE)


DEEDS: dict[str, Callable[[User], Callable[[], Any]]] = {
    "open a session": lambda user: lambda: session_of(user),
    "close a session": lambda user: (lambda s: lambda: start.close_session(s, Actor(user)))(session_of(user)),
    "start": lambda user: (lambda s: lambda: started(user, s))(session_of(user)),
    "stop": lambda user: (lambda r: lambda: start.stop(r, Actor(user)))(started(user)),
    "edit": lambda user: (lambda r: lambda: library.edit(r, SORTIE, title="x", tags=["y"]))(started(user)),
    "mark": lambda user: (lambda r: lambda: library.mark(r, SORTIE, at_ms=1))(started(user)),
    "unmark": lambda user: (library.mark(started(user), SORTIE, at_ms=1), unmark)[1],
    "delete": lambda user: (lambda r: lambda: retention.delete(r, SORTIE))(started(user)),
    "restore": lambda user: (lambda r: lambda: retention.restore(r, SORTIE))(deleted(user)),
    "hold": lambda user: (lambda r: lambda: retention.hold(r, SORTIE, reason="x"))(started(user)),
    "switch": lambda user: lambda: policies.turn(policies.Switch.AUTO_RECORD, SORTIE, on=True),
    "fail": lambda user: (lambda r: lambda: silent.complete(timezone.now() + timedelta(days=9)))(started(user)),
}


@pytest.mark.parametrize("prepare", DEEDS.values(), ids=DEEDS)
def test_what_cannot_be_written_down_is_not_done(alice: User, prepare: Callable[[User], Callable[[], Any]]) -> None:
    deed = prepare(alice)
    before, events_before = facts(), AuditEvent.objects.count()

    def full(execute: Any, sql: str, *rest: Any) -> Any:
        if 'INSERT INTO "recordings_auditevent"' in sql:
            raise DatabaseError("the audit log is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(full), pytest.raises(DatabaseError):
        deed()
    assert facts() == before
    deed()
    assert facts() != before
    assert AuditEvent.objects.count() == events_before + 1


def test_an_upload_is_not_ready_before_that_is_written_down(alice: User) -> None:
    recording = started(alice)
    with patch.object(audit, "record", side_effect=DatabaseError("full")):
        simple.complete(recording, arrived(webm()), Actor(alice))
    recording.refresh_from_db()
    assert recording.status == "uploading"
    assert events(recording) == ["start"]


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_with_the_transaction_it_is_part_of(alice: User) -> None:
    recording = started(alice)
    with transaction.atomic():
        retention.delete(recording, Actor(alice))
        assert events(recording) == ["start", "delete"]
        transaction.set_rollback(True)
    assert events(recording) == ["start"]


# --- never changed --------------------------------------------------------------------------------------------


def test_events_are_added_and_neither_changed_nor_deleted(alice: User) -> None:
    event = audit.record(Action.EDIT, Actor(alice))
    event.action = Action.DELETE
    attempts: list[Callable[[], Any]] = [
        event.save,
        event.delete,
        lambda: AuditEvent.objects.update(action="x"),
        lambda: AuditEvent.objects.filter(pk=event.pk).delete(),
        lambda: AuditEvent.objects.bulk_update([event], ["action"]),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError), transaction.atomic():
            attempt()
    assert AuditEvent.objects.get().action == "edit"


def test_events_outlive_what_they_tell_of(alice: User, bob: User) -> None:
    audit.record(Action.VIEW, Actor(bob, "10.0.0.1"), recording=started(alice))
    bob.delete()
    Recording.objects.all().delete()
    event = AuditEvent.objects.get(action="view")
    assert (event.actor, event.actor_name, event.address) == (None, "bob", "10.0.0.1")
    assert event.recording_id


# --- watching and downloading ---------------------------------------------------------------------------------


def read(answer: Any) -> None:
    """Take all of an answer, as a client does."""
    for _ in answer:
        pass


@pytest.fixture
def downloads(alice: User) -> Callable[..., int]:
    """Ask for ranges of a download, in order; how many downloads are told of."""
    recording = ready(alice)

    def count(*ranges: str | None, client: Any = None) -> int:
        for asked in ranges:
            headers = {"HTTP_RANGE": asked} if asked else {}
            asker: Any = client or api(alice)
            read(asker.get(f"/api/recordings/{recording.pk}/download?original=1", **headers))
        return AuditEvent.objects.filter(action="download", recording_id=recording.pk).count()

    return count


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([None], 1),
        ([None, None], 2),
        (["bytes=0-99", "bytes=100-199", "bytes=200-"], 1),
        (["bytes=100-199"], 1),
        (["bytes=100-199", "bytes=200-299"], 1),
        (["bytes=-100", "bytes=0-"], 2),
        (["bytes = 0 -10", "bytes=00-10"], 2),
        (["bytes=99999999-"], 0),
    ],
)
def test_a_download_in_pieces_is_one_download(
    downloads: Callable[..., int], ranges: list[str | None], expected: int
) -> None:
    assert downloads(*ranges) == expected


def test_each_who_downloads_is_told_of(downloads: Callable[..., int], ada: User) -> None:
    assert downloads("bytes=5-9") == 1
    assert downloads("bytes=5-9", client=api(ada)) == 2


def test_the_rest_of_a_download_hours_later_is_another(alice: User, ada: User) -> None:
    recording, now = ready(alice), timezone.now()
    for action, age in ((Action.DOWNLOAD, timedelta(minutes=61)), (Action.VIEW, timedelta(minutes=2))):
        AuditEvent.objects.create(
            action=action, actor=alice, recording_id=recording.pk, at=now - age, actor_name="alice"
        )
    audit.record_access(Action.DOWNLOAD, Actor(alice), recording, from_start=False)
    audit.record_access(Action.VIEW, Actor(alice), recording, from_start=False)
    assert (actions().count("download"), actions().count("view")) == (2, 1)
    audit.record_access(Action.VIEW, Actor(alice), recording, from_start=True)
    audit.record_access(Action.VIEW, Actor(alice), recording, from_start=True)
    assert actions().count("view") == 2
    audit.record_access(Action.VIEW, Actor(ada), recording, from_start=True)
    assert actions().count("view") == 3


def test_watching_is_told_of_once_however_often_a_player_seeks(alice: User, ada: User) -> None:
    recording = ready(alice)
    for person, ranges in ((alice, ["bytes=0-", "bytes=5000-", "bytes=9000-", "bytes=0-"]), (ada, ["bytes=7-"])):
        client = browser(person)
        for asked in ranges:
            read(client.get(f"/recordings/{recording.pk}/media", HTTP_RANGE=asked))
    told = AuditEvent.objects.filter(action="view").order_by("at").values_list("actor_name", flat=True)
    assert list(told) == ["alice", "ada"]


def test_ranges_ask_for_little_once_the_log_tells_of_them(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    recording, client = ready(alice), browser(alice)
    ask = partial(client.get, f"/recordings/{recording.pk}/media", HTTP_RANGE="bytes=5-9")
    read(ask())
    read(ask())
    with django_assert_num_queries(3):  # session, user, recording
        read(ask())


# --- from where -----------------------------------------------------------------------------------------------

PROXY, CLIENT = "192.0.2.1", "203.0.113.9"


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "expected"),
    [
        (False, CLIENT, PROXY),
        (True, CLIENT, CLIENT),
        (True, f"10.9.8.7, {CLIENT}", CLIENT),
        (True, f"<script>,{CLIENT} ", CLIENT),
        (True, "2001:db8::1", "2001:db8::1"),
        (True, "fe80::1%eth0", "fe80::1"),
        (True, "", PROXY),
        (True, "unknown", PROXY),
        (True, f"{CLIENT},", PROXY),
        (True, "'; DROP TABLE", PROXY),
        (True, "1" * 5000, PROXY),
    ],
)
def test_only_our_own_proxy_is_believed(
    settings: Settings, behind_proxy: bool, forwarded: str, expected: str
) -> None:
    settings.SORTIE_BEHIND_PROXY = behind_proxy
    request = RequestFactory(REMOTE_ADDR=PROXY).get("/", HTTP_X_FORWARDED_FOR=forwarded)
    assert audit.address_of(request) == expected
    event = audit.record(Action.LOGIN, Actor(None, audit.address_of(request)))
    assert AuditEvent.objects.get(pk=event.pk).address == expected


def test_a_socket_file_has_no_address() -> None:
    assert audit.address_of(RequestFactory(REMOTE_ADDR="").get("/")) is None
