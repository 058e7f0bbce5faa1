"""Lists of the admin at any length: paged by key, never counted, searched a bounded number of rows at a time."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recordings import library
from recordings.admin import search
from recordings.admin.base import PortalAdmin
from recordings.models import AuditEvent, Recording, Session, User
from recordings.search import finding
from recordings.search.index import describe

MostQueries = Callable[[int], AbstractContextManager[Any]]
LISTS = {
    "recordings/recording": 6,
    "recordings/session": 6,
    "recordings/auditevent": 8,
    "recordings/user": 6,
    "recordings/token": 6,
    "recordings/sharelink": 6,
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def many(owner: User, number: int, **facts: Any) -> list[Recording]:
    """Recordings an hour apart, newest first, two of them at the same moment."""
    session = Session.objects.create(owner=owner, app_id="desktop", title="Many")
    now = timezone.now()
    rows = [
        Recording(
            owner=owner,
            session=session,
            title=f"Recording {place}",
            created_at=now - timedelta(hours=place if place != 1 else 0),
            **facts,
        )
        for place in range(number)
    ]
    Recording.objects.bulk_create(rows)
    for row in rows:
        describe(row)
    AuditEvent.objects.bulk_create(
        AuditEvent(action="view", actor_name=owner.username, recording_id=row.pk, at=row.created_at) for row in rows
    )
    return rows


def pages(client: Client, address: str) -> list[list[Any]]:
    """The rows of a list's pages, following the links to older ones."""
    found = []
    query = ""
    while True:
        shown = client.get(f"{address}{query}").context["cl"]
        found.append([row.pk for row in shown.result_list])
        query = shown.older or shown.further
        if not query:
            return found


@pytest.mark.parametrize("model", ["recording", "auditevent"])
def test_every_row_is_on_one_page(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setattr(PortalAdmin, "list_per_page", 7)
    many(alice, 20)
    found = pages(client, f"/admin/recordings/{model}/")
    assert [len(rows) for rows in found] == [7, 7, 6]
    rows = Recording.objects if model == "recording" else AuditEvent.objects
    assert [pk for rows_of_page in found for pk in rows_of_page] == list(rows.values_list("pk", flat=True))


def test_links_between_pages(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PortalAdmin, "list_per_page", 2)
    many(alice, 3)
    first = client.get("/admin/recordings/recording/?user=alice")
    assert "Older" in first.content.decode()
    assert "Newest" not in first.content.decode()
    last = client.get(f"/admin/recordings/recording/{first.context['cl'].older}")
    assert "Older" not in last.content.decode()
    assert 'href="?user=alice">Newest' in last.content.decode()


@pytest.mark.parametrize(("model", "most"), LISTS.items())
def test_queries_do_not_grow_with_rows(
    client: Client, alice: User, django_assert_max_num_queries: MostQueries, model: str, most: int
) -> None:
    many(alice, 60)
    User.objects.bulk_create(User(username=f"user{number}") for number in range(60))
    with django_assert_max_num_queries(most):
        client.get(f"/admin/{model}/")


@pytest.mark.parametrize("model", LISTS)
def test_no_list_counts_or_skips(client: Client, alice: User, model: str) -> None:
    many(alice, 60)
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/admin/{model}/")
    for query in asked.captured_queries:
        assert "COUNT(" not in query["sql"]
        assert "OFFSET" not in query["sql"]
        assert "DISTINCT" not in query["sql"]


def test_a_page_of_one_asks_little(client: Client, alice: User, django_assert_max_num_queries: MostQueries) -> None:
    [recording] = many(alice, 1)
    AuditEvent.objects.bulk_create(AuditEvent(action="view", recording_id=recording.pk) for _ in range(60))
    with django_assert_max_num_queries(12):
        answer = client.get(f"/admin/recordings/recording/{recording.pk}/change/")
    assert answer.content.decode().count("watched") == 25


def test_words_are_looked_for_in_so_many_rows_at_a_time(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "LOOKED_AT", 5)
    monkeypatch.setattr(finding, "RARE", 0)
    rows = many(alice, 17)
    Recording.objects.filter(pk__in=[rows[2].pk, rows[4].pk, rows[16].pk]).update(title="Needle")
    for row in rows:
        describe(row)
    address = "/admin/recordings/recording/"
    first = client.get(f"{address}?q=needle")
    assert [row.pk for row in first.context["cl"].result_list] == [rows[2].pk, rows[4].pk]
    assert "Look further back" in first.content.decode()
    second = client.get(f"{address}{first.context['cl'].further}")
    assert "Nothing so far" in second.content.decode()
    found: list[Any] = []
    query = "?q=needle"
    while query:
        shown = client.get(f"{address}{query}").context["cl"]
        found += [row.pk for row in shown.result_list]
        query = shown.older or shown.further
    assert found == [rows[2].pk, rows[4].pk, rows[16].pk]
    assert client.get(f"{address}?q={rows[16].pk}").context["cl"].result_list[0].pk == rows[16].pk


def test_a_full_page_of_finds_goes_on_after_its_last_row(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "LOOKED_AT", 5)
    monkeypatch.setattr(finding, "RARE", 0)
    monkeypatch.setattr(PortalAdmin, "list_per_page", 3)
    rows = many(alice, 8, notes="")
    found: list[Any] = []
    query = "?q=recording"
    while query:
        shown = client.get(f"/admin/recordings/recording/{query}").context["cl"]
        found += [row.pk for row in shown.result_list]
        query = shown.older or shown.further
    assert found == list(Recording.objects.values_list("pk", flat=True))
    assert len(found) == len(rows)


@pytest.mark.parametrize(
    ("text", "first"),
    [("12345678", "12345678-0000"), ("1234-5678", "12345678-0000"), ("ABCDEF01", "abcdef01-0000")],
)
def test_beginnings_of_ids(text: str, first: str) -> None:
    ids = search.id_range(text)
    assert ids is not None
    assert str(ids[0]).startswith(first)
    assert str(ids[1]).endswith("ffffffffffff")


@pytest.mark.parametrize("text", ["", "1234567", "decade", "1234567g", "0" * 33, "alice"])
def test_what_begins_no_id(text: str) -> None:
    assert search.id_range(text) is None
