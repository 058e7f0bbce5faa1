"""Sessions, the policy and the audit log in the admin."""

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from recordings import audit, library, retention
from recordings.admin import audit as audit_pages
from recordings.audit import SORTIE, Actor
from recordings.models import Action, AuditEvent, Policy, Recording, SessionStatus, User
from tests.making import session_of, started

SESSIONS, AUDIT = "/admin/recordings/session/", "/admin/recordings/auditevent/"
POLICY = "/admin/recordings/policy/1/change/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ada: User) -> Client:
    client = Client(REMOTE_ADDR="10.1.2.3")
    client.force_login(ada)
    return client


def listed(client: Client, address: str) -> list[Any]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.headers
    return list(answer.context["cl"].result_list)


# --- Sessions -------------------------------------------------------------------------------------------------


def test_sessions_are_listed_found_and_lead_to_their_recordings(client: Client, alice: User, bob: User) -> None:
    shell = session_of(alice, title="Shell", kind="terminal", target="db-1.internal")
    desktop = session_of(bob)
    for query, expected in {
        "": [desktop, shell],
        "?q=db-1": [shell],
        f"?q={str(desktop.pk)[:8]}": [desktop],
        "?q=firefox+bob": [desktop],
        "?kind__exact=terminal": [shell],
        "?user=bob": [desktop],
        "?status=stopped": [],
    }.items():
        assert listed(client, SESSIONS + query) == expected, query
    assert f"/admin/recordings/recording/?session={shell.pk}" in client.get(SESSIONS).content.decode()
    page = client.get(f"{SESSIONS}{shell.pk}/change/").content.decode()
    assert "db-1.internal" in page
    assert "_save" not in page
    assert client.post(f"{SESSIONS}{shell.pk}/change/", {"title": "x"}).status_code == 403
    assert client.post(f"{SESSIONS}{shell.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_session_is_stopped(client: Client, alice: User) -> None:
    session = session_of(alice)
    picked = {"_selected_action": str(session.pk)}
    assert "Stop “firefox”?" in client.post(f"{SESSIONS}do/stop/", picked).content.decode()
    for expected in ("“firefox” was stopped.", "“firefox”: It has already ended."):
        answer = client.post(f"{SESSIONS}do/stop/", {**picked, "confirmed": "yes"}, follow=True)
        assert [str(message) for message in answer.context["messages"]] == [expected]
    session.refresh_from_db()
    assert session.status == SessionStatus.STOPPED
    assert listed(client, f"{SESSIONS}?status=stopped") == [session]
    [event] = AuditEvent.objects.filter(action=Action.SESSION_STOP)
    assert (event.session_id, event.actor_name, event.address) == (session.pk, "ada", "10.1.2.3")


# --- Policy ---------------------------------------------------------------------------------------------------


def test_the_policy_is_one_form(client: Client) -> None:
    assert client.get("/admin/recordings/policy/")["Location"] == POLICY
    assert client.get("/admin/recordings/policy/2/change/").status_code == 302
    assert client.get("/admin/recordings/policy/add/").status_code == 403
    text = client.get(POLICY).content.decode()
    assert "Auto-record sessions" in text
    assert "When enabled, recording starts automatically for all new sessions." in text


def test_auto_record_is_switched_and_acts_at_once(client: Client, alice: User) -> None:
    session = session_of(alice)
    client.post(POLICY, {"auto_record": "on"})
    assert Policy.current().auto_record
    owner = Client()
    owner.force_login(alice)
    assert owner.get(f"/api/sessions/{session.pk}").json()["recording_policy"] == "auto"
    client.post(POLICY, {"auto_record": "on"})
    client.post(POLICY, {})
    assert not Policy.current().auto_record
    changes = AuditEvent.objects.filter(action=Action.POLICY).order_by("at")
    assert [(event.actor_name, event.detail) for event in changes] == [
        ("ada", {"auto_record": True}),
        ("ada", {"auto_record": False}),
    ]


def test_the_policy_page_names_the_limits_and_where_they_are_set(client: Client, settings: Settings) -> None:
    settings.SORTIE_RECORDING_RETENTION_DAYS = 30
    settings.SORTIE_TERMINAL_RETENTION_DAYS = 0
    text = client.get(POLICY).content.decode()
    for expected in ("kept for 30 days", "kept for ever", "SORTIE_TERMINAL_RETENTION_DAYS", "500 MB", "24 hours"):
        assert expected in text, expected


# --- Audit log ------------------------------------------------------------------------------------------------


def test_the_log_says_who_did_what_to_what_from_where(client: Client, alice: User) -> None:
    recording = library.edit(started(alice), Actor(alice, "10.9.9.9"), title="Shell", tags=["prod"])
    retention.hold(recording, SORTIE, reason="Case 7")
    text = client.get(AUDIT).content.decode()
    link = f'<a href="/admin/recordings/recording/{recording.pk}/change/" class="">Shell</a>'
    for expected in (link, "Put on hold", "Case 7", "title, tags", "alice", "10.9.9.9", "Sortie"):
        assert expected in text, expected
    session = f'<a href="/admin/recordings/session/{recording.session_id}/change/" class="">firefox</a>'
    assert session in text, "the event that has no recording"


def test_the_log_outlives_what_it_tells_of(client: Client, alice: User) -> None:
    recording = started(alice)
    audit.record(Action.PURGE, SORTIE, recording=recording, title="Shell", sha256="ab" * 32)
    Recording.objects.all().delete()
    text = client.get(f"{AUDIT}?q={recording.pk}").content.decode()
    assert f'{str(recording.pk)[:8]}</code> <span class="soft">(gone)' in text
    assert "“Shell” · SHA-256 abababababab…" in text


def test_the_log_is_filtered_and_searched(client: Client, alice: User, bob: User) -> None:
    first, second = started(alice), started(bob)
    AuditEvent.objects.create(action=Action.LOGIN_FAILED, actor_name="mallory", address="2001:db8::7")
    AuditEvent.objects.create(action=Action.VIEW, actor_name="bob", at=timezone.now() - timedelta(days=60))
    for query, expected in {
        f"?q={first.pk}": {("start", "alice")},
        f"?q={str(second.pk)[:8]}": {("start", "bob")},
        "?q=2001:DB8:0::7": {("login_failed", "mallory")},
        "?q=10.0.0.1": set(),
        "?q=mallory": {("login_failed", "mallory")},
        "?action__exact=start": {("start", "alice"), ("start", "bob")},
        "?user=bob&action__exact=start": {("start", "bob")},
        f"?until={timezone.now() - timedelta(days=30):%Y-%m-%d}": {("view", "bob")},
        "?user=bob&q=nobody": set(),
    }.items():
        assert {(event.action, event.actor_name) for event in listed(client, AUDIT + query)} == expected, query


def test_the_log_is_only_read(client: Client, alice: User) -> None:
    started(alice)
    event = AuditEvent.objects.latest("at")
    page = client.get(f"{AUDIT}{event.pk}/change/").content.decode()
    assert "_save" not in page
    assert client.post(f"{AUDIT}{event.pk}/change/", {"actor_name": "x"}).status_code == 403
    assert client.post(f"{AUDIT}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{AUDIT}add/").status_code == 403
    before = AuditEvent.objects.count()
    assert client.post(AUDIT, {"action": "delete_selected", "_selected_action": str(event.pk)}).status_code == 200
    assert AuditEvent.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_the_log_as_a_file_has_what_the_list_has(client: Client, alice: User) -> None:
    recording = started(alice)
    formula = '=HYPERLINK("http://evil.example")'
    AuditEvent.objects.create(action=Action.LOGIN_FAILED, actor_name=formula, address="10.0.0.7", detail={"a": "ü"})
    address = client.get(f"{AUDIT}?action__exact=start&p=").context["export"]
    assert address == f"{AUDIT}export.csv?action__exact=start"
    [row] = exported(client, address)
    assert (row["action"], row["user"], row["recording_id"]) == ("start", "alice", str(recording.pk))
    failed = exported(client, f"{AUDIT}export.csv?action__exact=login_failed")[0]
    assert failed["user"] == f"'{formula}"
    assert failed["detail"] == '{"a": "ü"}'
    assert len(exported(client, f"{AUDIT}export.csv")) == AuditEvent.objects.count()
    assert client.get(f"{AUDIT}export.csv?since=never")["Location"] == AUDIT


@pytest.mark.django_db(transaction=True)
def test_the_file_is_sent_while_it_is_read(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_pages, "CHUNK", 100)
    now = timezone.now()
    AuditEvent.objects.bulk_create(
        AuditEvent(action=Action.VIEW, actor_name=f"user{number}", at=now) for number in range(350)
    )
    owner = Client()
    owner.force_login(alice)
    assert owner.get(f"{AUDIT}export.csv").status_code == 403
    answer = client.get(f"{AUDIT}export.csv")
    assert answer.streaming
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    lines = iter(answer)
    next(lines)
    with CaptureQueriesContext(connection) as asked:
        first = [next(lines) for _ in range(100)]
    assert len(asked) == 1
    rest = list(lines)
    assert len({*first, *rest}) == 350


def exported(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(b"".join(answer).decode().splitlines()))
