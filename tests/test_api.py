"""The HTTP API as its clients see it: answers, lists and their pages, filters, and what is switched off."""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from django.urls import include, path
from pytest_django import Settings
from rest_framework.test import APIClient

from recordings.api.urls import routes
from recordings.models import Policy, Recording, Tag, User
from recordings.search import index
from tests.making import api, browser, events, ready, session_of, started, upload, webm

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SESSION_KEYS = {
    *("id", "app_id", "kind", "title", "target", "status", "user_id", "username", "created_at", "stopped_at"),
}
RECORDING_KEYS = {
    *("id", "session_id", "user_id", "username", "title", "filename", "kind", "format", "size_bytes"),
    *("duration_seconds", "width", "height", "sha256", "status", "incomplete", "error", "tags", "notes"),
    *("storage_backend", "created_at", "completed_at", "expires_at", "on_hold", "terminal"),
}


def test_the_drop_in_flow(alice: User) -> None:
    alice.set_password("correct horse")
    alice.save()
    client = APIClient()
    entered = client.post("/api/auth/login", {"username": "alice", "password": "correct horse"}, format="json")
    assert entered.status_code == 200
    assert entered.json()["user"] == {"id": str(alice.pk), "username": "alice", "roles": ["user"]}
    assert entered.json()["expires_in"] > 0
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {entered.json()['access_token']}")

    session = client.post("/api/sessions", {"app_id": "firefox", "title": "Invoices"}, format="json").json()
    assert set(session) == SESSION_KEYS
    assert (session["status"], session["title"]) == ("running", "Invoices")

    begun = client.post(f"/api/sessions/{session['id']}/recording/start")
    assert (begun.status_code, begun.json()["status"]) == (201, "recording")
    named = {"recording_id": begun.json()["recording_id"]}
    stopped = client.post(f"/api/sessions/{session['id']}/recording/stop", named, format="json")
    assert (stopped.status_code, stopped.json()) == (200, {"status": "uploading"})
    recording = Recording.objects.get(pk=named["recording_id"])
    sent = upload(client, recording)
    assert (sent.status_code, sent.json()) == (200, {"status": "ready"})
    again = client.post(f"/api/sessions/{session['id']}/recording/stop", named, format="json")
    assert again.json() == {"status": "ready"}

    [row] = client.get("/api/recordings").json()
    assert set(row) == RECORDING_KEYS
    assert (row["filename"], row["kind"], row["format"]) == ("Invoices.webm", "video", "webm")
    assert (row["width"], row["height"], row["size_bytes"]) == (640, 360, len(webm()))
    assert 3 < row["duration_seconds"] < 7
    assert client.get(f"/api/recordings/{row['id']}").json() == row

    assert client.delete(f"/api/recordings/{row['id']}").status_code == 204
    assert client.get("/api/recordings").json() == []
    assert client.post(f"/api/recordings/{row['id']}/restore").json()["id"] == row["id"]


def test_no_answer_names_the_stored_object(alice: User) -> None:
    recording, client = ready(alice), api(alice)
    secret = recording.storage_key.split("/")[1].split(".")[0]
    client.patch(f"/api/recordings/{recording.pk}", {"title": "x"}, format="json")
    client.get(f"/api/recordings/{recording.pk}/download?original=1")
    for address in ("", f"/{recording.pk}", f"/{recording.pk}/activity", f"/{recording.pk}/markers"):
        answer = client.get(f"/api/recordings{address}")
        assert answer.status_code == 200
        assert secret not in answer.content.decode()
        assert "storage_key" not in answer.content.decode()


def test_download_is_an_attachment_in_ranges_and_the_original_is_what_was_sent(
    alice: User, settings: Settings
) -> None:
    recording, client = ready(alice, title="Tuesday"), api(alice)
    address = f"/api/recordings/{recording.pk}/download?original=1"
    whole = client.get(address)
    assert b"".join(whole) == webm()
    assert whole["Content-Type"] == "video/webm"
    assert whole["Content-Disposition"] == 'attachment; filename="Tuesday.webm"'
    assert whole["Accept-Ranges"] == "bytes"
    part = client.get(address, HTTP_RANGE="bytes=10-19", HTTP_ACCEPT="video/webm")
    assert (part.status_code, b"".join(part)) == (206, webm()[10:20])
    head = client.head(address)
    assert (head.status_code, head.content, int(head["Content-Length"])) == (200, b"", len(webm()))
    assert client.get(address, HTTP_RANGE=f"bytes={len(webm())}-").status_code == 416


# --- lists ----------------------------------------------------------------------------------------------------


def rows(owner: User, count: int, **facts: Any) -> list[Recording]:
    """`count` recordings, oldest first; three at a time were made at the same moment."""
    session = session_of(owner)
    return Recording.objects.bulk_create(
        Recording(session=session, owner=owner, created_at=NOW + timedelta(seconds=number // 3), **facts)
        for number in range(count)
    )


def pages(client: APIClient, address: str) -> Iterator[list[str]]:
    while address:
        answer = client.get(address)
        assert answer.status_code == 200
        yield [row["id"] for row in answer.json()]
        link = re.fullmatch(r'<http://testserver(/[^>]+)>; rel="next"', answer.get("Link", ""))
        assert link or "Link" not in answer
        address = link[1] if link else ""


@pytest.mark.parametrize(
    ("address", "count", "sizes"),
    [
        ("/api/recordings", 101, [100, 1]),
        ("/api/recordings?limit=500", 101, [101]),
        ("/api/recordings?limit=4", 10, [4, 4, 2]),
        ("/api/recordings?limit=5", 10, [5, 5]),
        ("/api/recordings?limit=1&kind=video", 3, [1, 1, 1]),
        ("/api/admin/recordings?limit=7", 10, [7, 3]),
    ],
)
def test_pages_are_newest_first_without_gaps_or_repeats(
    ada: User, address: str, count: int, sizes: list[int]
) -> None:
    made = rows(ada, count)
    if "kind" in address:
        rows(ada, 2, kind="terminal")
    newest_first = [str(row.pk) for row in sorted(made, key=lambda row: (row.created_at, row.pk), reverse=True)]
    found = list(pages(api(ada), address))
    assert [len(page) for page in found] == sizes
    assert [row for page in found for row in page] == newest_first


def test_sessions_are_paged_alike_and_say_when_recording_is_automatic(alice: User) -> None:
    made = [str(session_of(alice).pk) for _ in range(5)]
    client = api(alice)
    assert [row for page in pages(client, "/api/sessions?limit=2") for row in page] == made[::-1]
    assert all("recording_policy" not in row for row in client.get("/api/sessions").json())
    Policy.objects.create(auto_record=True)
    assert {row["recording_policy"] for row in client.get("/api/sessions").json()} == {"auto"}
    assert client.get(f"/api/sessions/{made[0]}").json()["recording_policy"] == "auto"


def test_a_page_stays_where_it_was_when_rows_come_and_go(alice: User) -> None:
    made = rows(alice, 9)
    client = api(alice)
    first, then = client.get("/api/recordings?limit=3"), made[3:6]
    Recording.objects.filter(pk__in=[row["id"] for row in first.json()]).delete()
    rows(alice, 3, title="new")
    found = client.get(first["Link"].split("<http://testserver")[1].split(">")[0]).json()
    assert {row["id"] for row in found} == {str(row.pk) for row in then}


@pytest.mark.parametrize("limit", ["0", "501", "-1", "1e2", "0005000", "9" * 5000, "", "٣", " 5", "5,5"])
def test_a_limit_is_a_number_up_to_500(alice: User, limit: str) -> None:
    answer = api(alice).get("/api/recordings", {"limit": limit})
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad Request")
    assert "limit" in answer.json()["detail"]


def test_filters_narrow_the_list(alice: User) -> None:
    session = session_of(alice, title="Payroll")
    facts: list[dict[str, Any]] = [
        {"title": "Budget review", "status": "failed"},
        {"notes": "the BUDGET again", "status": "uploading"},
        {"kind": "terminal", "title": "100% done"},
        {"session": session, "title": "x", "created_at": NOW - timedelta(days=1)},
    ]
    other = session_of(alice)
    made = [
        Recording.objects.create(**{"session": other, "owner": alice, "created_at": NOW, **fact}) for fact in facts
    ]
    Tag.objects.create(recording=made[2], name="quarterly")
    for recording in made:
        index.describe(recording)
    client = api(alice)
    for query, expected in {
        "status=failed": {0},
        "status=failed&status=uploading": {0, 1},
        "kind=terminal": {2},
        f"session={session.pk}": {3},
        f"session={uuid4()}": set(),
        "since=2026-05-01": {0, 1, 2},
        "since=2026-05-01T12:00:00Z": {0, 1, 2},
        "since=2026-05-01T14:00:01%2B02:00": set(),
        "until=2026-05-01T12:00:00Z": {3},
        "since=2026-04-30&until=2026-05-01T12:00:00.000001Z": {0, 1, 2, 3},
        "q=budget": {0, 1},
        "q=budget+review": {0},
        "q=payroll": {3},
        "q=quarterly": {2},
        "q=100%25": {2},
        "q=%25": set(),
        "q=_": set(),
        "q=firefox": {0, 1, 2, 3},
        "q=nothing": set(),
        "q=&since=&until=": {0, 1, 2, 3},
    }.items():
        answer = client.get(f"/api/recordings?{query}")
        assert answer.status_code == 200, query
        found = {row["id"] for row in answer.json()}
        assert found == {str(made[index].pk) for index in expected}, query


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "kind=audio",
        "session=1",
        "since=yesterday",
        "until=2026-13-01",
        "since=0001-01-01T00:00:00%2B14:00",
        "until=9999-12-31T23:59:59-14:00",
        "q=%00",
        "cursor=zzz",
        "cursor=%ED%A0%80",
        # 0001-01-01T00:00:00+14:00 and a key; a time without a zone; a time without a key
        "cursor=MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMC8xMWU5MTFlOTExZTkxMWU5MTFlOTExZTkxMWU5MTFlOQ",
        "cursor=MjAyNi0wNS0wMVQxMjowMDowMC8xMWU5MTFlOTExZTkxMWU5MTFlOTExZTkxMWU5MTFlOQ",
        "cursor=MjAyNi0wNS0wMVQxMjowMDowMCswMDowMC8",
    ],
)
@pytest.mark.parametrize("address", ["/api/recordings", "/api/admin/recordings"])
def test_a_wrong_filter_is_named(ada: User, address: str, query: str) -> None:
    answer = api(ada).get(f"{address}?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert query.split("=")[0] in answer.json()["detail"]


# --- writing --------------------------------------------------------------------------------------------------


def test_titles_notes_and_tags_are_edited_and_facts_are_not(alice: User) -> None:
    recording, client = ready(alice), api(alice)
    address = f"/api/recordings/{recording.pk}"
    before = client.get(address).json()
    change = {"title": " New\ttitle\u202e ", "notes": "a\nb", "tags": ["b", "a", "a", " c"]}
    after = client.patch(address, {**change, "sha256": "0" * 64, "status": "failed", "owner": "x"}, format="json")
    assert after.status_code == 200
    expected = {"title": "New title", "filename": "New title.webm", "notes": "a\nb", "tags": ["a", "b", "c"]}
    assert after.json() == {**before, **expected}
    assert client.patch(address, {}, format="json").json() == after.json()
    assert events(recording).count("edit") == 1


def test_markers_are_kept_in_order(alice: User) -> None:
    recording, client = started(alice), api(alice)
    address = f"/api/recordings/{recording.pk}/markers"
    for at, label in ((7.5, "later"), (0, ""), (1.2345, "soon")):
        assert client.post(address, {"at_seconds": at, "label": label}, format="json").status_code == 201
    found = client.get(address).json()
    assert [(marker["at_seconds"], marker["label"]) for marker in found] == [
        (0, ""),
        (1.234, "soon"),
        (7.5, "later"),
    ]
    assert client.delete(f"{address}/{found[0]['id']}").status_code == 204
    assert len(client.get(address).json()) == 2


def test_switches_are_turned_with_strings(ada: User) -> None:
    client = api(ada)
    address = "/api/admin/settings"
    assert client.get(address).json() == {"recording_auto_record": "false", "recording_keep_input": "false"}
    assert client.put(address, {"recording_auto_record": "true"}, format="json").status_code == 204
    assert client.get(address).json() == {"recording_auto_record": "true", "recording_keep_input": "false"}
    assert client.put(address, {"recording_keep_input": "true"}, format="json").status_code == 204
    for wrong in (True, 1, "True", "", None, ["true"]):
        assert client.put(address, {"recording_auto_record": wrong}, format="json").status_code == 400
    wrong_bodies: list[Any] = [{}, [], {"other": "true"}, {"recording_auto_record": "false", "other": "1"}, "true"]
    for wrong_body in wrong_bodies:
        assert client.put(address, wrong_body, format="json").status_code == 400
    assert client.get(address).json() == {"recording_auto_record": "true", "recording_keep_input": "true"}


def test_an_admin_opens_a_session_for_somebody_else(alice: User, ada: User) -> None:
    made = api(ada).post("/api/sessions", {"app_id": "x", "user_id": str(alice.pk)}, format="json").json()
    assert (made["user_id"], made["username"]) == (str(alice.pk), "alice")
    begun = api(ada).post(f"/api/sessions/{made['id']}/recording/start").json()
    assert Recording.objects.get(pk=begun["recording_id"]).owner == alice
    unknown = api(ada).post("/api/sessions", {"app_id": "x", "user_id": str(uuid4())}, format="json")
    assert unknown.status_code == 400


@pytest.mark.parametrize("accept", ["text/html", "video/webm", "application/problem+json", "garbage", "image/*"])
def test_what_a_client_accepts_does_not_matter(alice: User, accept: str) -> None:
    client = api(alice)
    assert client.get("/api/recordings", HTTP_ACCEPT=accept).json() == []
    missing = client.get(f"/api/recordings/{uuid4()}", HTTP_ACCEPT=accept)
    assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")


# --- switched off ---------------------------------------------------------------------------------------------


@pytest.fixture
def switched(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the portal the API of some kinds of recording only."""

    def switch(*, video: bool, terminal: bool) -> None:
        name = f"tests.urls_{video}_{terminal}"
        module = ModuleType(name)
        real = sys.modules.get("sortie.urls") or __import__("sortie.urls", fromlist=["x"])
        module.__dict__.update({key: getattr(real, key) for key in ("handler403", "handler404", "handler500")})
        module.__dict__["urlpatterns"] = [path("api/", include((routes(video=video, terminal=terminal), "api")))]
        monkeypatch.setitem(sys.modules, name, module)
        settings.ROOT_URLCONF = name

    return switch


@pytest.mark.parametrize(
    ("video", "terminal", "library", "capture"),
    [(True, True, 200, 201), (True, False, 200, 201), (False, True, 200, 404), (False, False, 404, 404)],
)
def test_what_is_switched_off_is_not_there(
    alice: User, switched: Any, video: bool, terminal: bool, library: int, capture: int
) -> None:
    recording, client = started(alice), api(alice)
    switched(video=video, terminal=terminal)
    answers = {
        client.get("/api/recordings"): library,
        client.get(f"/api/recordings/{recording.pk}"): library,
        client.get(f"/api/recordings/{recording.pk}/activity"): library,
        client.delete(f"/api/recordings/{recording.pk}"): 204 if library == 200 else 404,
        client.post(f"/api/sessions/{recording.session_id}/recording/start"): capture,
        upload(client, recording, b"x"): 415 if capture == 201 else 404,
        client.get("/api/sessions"): 200,
        browser(None).get("/api/schema"): 200,
    }
    for answer, expected in answers.items():
        assert answer.status_code == expected, answer.request["PATH_INFO"]
        if expected == 404:
            assert answer["Content-Type"] == "application/problem+json"
    described = browser(None).get("/api/schema", HTTP_ACCEPT="application/json").content.decode()
    assert ("/api/recordings" in described) == (library == 200)
    assert ("/recording/upload" in described) == (capture == 201)
