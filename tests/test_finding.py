"""Finding among many: words are looked for in so many rows at a time, and days begin where the viewer lives."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recordings import library
from recordings.models import Recording, Session, Tag, User
from recordings.search import finding
from recordings.search.index import describe
from recordings.views.zones import COOKIE
from tests.making import api, browser, session_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def made(owner: User, titles: list[str]) -> list[Recording]:
    """Recordings with these titles, the newest first."""
    session = session_of(owner)
    rows = [
        Recording.objects.create(
            session=session, owner=owner, title=title, created_at=NOW - timedelta(minutes=number)
        )
        for number, title in enumerate(titles)
    ]
    for row in rows:
        describe(row)
    return rows


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word is one of those that are looked for row by row."""
    monkeypatch.setattr(finding, "RARE", 0)


# --- words ----------------------------------------------------------------------------------------------------


def pages_of(user: User, query: str) -> list[list[str]]:
    """The titles on every page that the API leads to."""
    client, address, found = api(user), f"/api/recordings?{query}", []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200
        found.append([row["title"] for row in answer.json()])
        link = re.match(r'<http://testserver(.*)>; rel="next"', answer.headers.get("Link", ""))
        address = link[1] if link else ""
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=rare", [[], ["rare 7"], [], ["rare 17"]]),
        ("q=7+rare", [[], ["rare 7"], [], []]),
        ("q=common&limit=3", [["common 0", "common 1", "common 2"], ["common 3", "common 4"], [], []]),
        ("q=nothing", [[]]),
    ],
)
@pytest.mark.usefixtures("common")
def test_a_search_looks_at_so_many_rows_and_goes_on_where_it_stopped(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, query: str, expected: list[list[str]]
) -> None:
    monkeypatch.setattr(library, "LOOKED_AT", 5)
    made(bob, [f"rare common {n}" for n in range(20)])
    words = {7: "rare", 17: "rare", **dict.fromkeys(range(5), "common")}
    made(alice, [f"{words.get(n, 'x')} {n}" for n in range(18)])
    assert pages_of(alice, query) == expected
    assert len(pages_of(alice, "q=++")[0]) == 18
    assert pages_of(alice, "q=%21") == [[]]


@pytest.mark.usefixtures("common")
def test_a_row_at_the_edge_is_found_once(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several that were created at the same moment, too."""
    rows = made(alice, [f"same {n}" for n in range(12)])
    Recording.objects.update(created_at=NOW)
    for limit in range(1, 7):
        monkeypatch.setattr(library, "LOOKED_AT", limit)
        found = [title for page in pages_of(alice, "q=same&limit=2") for title in page]
        assert sorted(found) == sorted(row.title for row in rows)


@pytest.mark.usefixtures("common")
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 20])
def test_what_the_newest_do_not_have_others_have(alice: User, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """SQLite is asked for the newest few first, of which one may have been written about a moment ago."""
    monkeypatch.setattr(library, "LOOKED_AT", 40)
    monkeypatch.setattr(finding, "NEARER", 10)
    rows = made(alice, [f"{'same' if n in (0, 2, 3, 9, 30) else 'x'} {n}" for n in range(36)])
    for row in (rows[3], rows[30]):
        describe(row)
    found = [title for page in pages_of(alice, f"q=same&limit={limit}") for title in page]
    assert found == ["same 0", "same 2", "same 3", "same 9", "same 30"]
    assert pages_of(alice, f"q=same+30&limit={limit}") == [["same 30"]]


@pytest.mark.only("single")
@pytest.mark.usefixtures("common")
def test_sqlite_looks_up_whose_passages_they_are_by_an_index_of_recordings(alice: User) -> None:
    """Not the other way round: of a common word it would look up many thousands."""
    made(alice, ["some common words"])
    with CaptureQueriesContext(connection) as asked:
        assert pages_of(alice, "q=common+words") == [["some common words"]]
    plans = {query["sql"]: plan_of(query["sql"]) for query in asked if "MATCH" in query["sql"]}
    assert any("CORRELATED" in plan for plan in plans.values())
    for sql, plan in plans.items():
        if "count(*)" not in sql:
            assert "passage_once" in plan or "sqlite_autoindex_recordings_passage" in plan, plan
            assert "SEARCH p USING INTEGER PRIMARY KEY" not in plan, plan


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(row[3] for row in cursor.fetchall())


@pytest.mark.usefixtures("common")
def test_no_index_is_asked_for_more_than_the_window(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row that is looked at is one that a page may be about: others' do not use it up."""
    monkeypatch.setattr(library, "LOOKED_AT", 3)
    made(alice, ["needle"])
    old = made(alice, ["hay"] * 9)
    Recording.objects.filter(pk__in=[row.pk for row in old]).update(kind="terminal", created_at=timezone.now())
    assert pages_of(alice, "q=needle&kind=video") == [["needle"]]


def test_every_place_a_word_may_stand_in(alice: User) -> None:
    rows = made(alice, ["in the Title", "b", "c", "d"])
    Recording.objects.filter(pk=rows[1].pk).update(notes="under the Notes")
    other = Session.objects.create(owner=alice, app_id="app-7", title="Desk of alice")
    Recording.objects.filter(pk=rows[2].pk).update(session=other)
    Tag.objects.create(recording=rows[3], name="quarterly")
    for row in rows:
        describe(row)
    for words, number in (("tit", 0), ("NOTES under", 1), ("desk", 2), ("ALICE desk", 2), ("quart", 3)):
        assert pages_of(alice, f"q={words.replace(' ', '+')}") == [[rows[number].title]], words


@pytest.mark.usefixtures("common")
def test_the_library_says_that_there_may_be_more(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "LOOKED_AT", 5)
    made(alice, [*(f"x {n}" for n in range(7)), "needle"])
    client = browser(alice)
    first = client.get("/?q=needle").content.decode()
    assert "Nothing so far" in first
    address = re.search(r'href="(\?[^"]*cursor=[^"]*)">Look further back', first)
    assert address
    second = client.get(f"/{address[1].replace('&amp;', '&')}").content.decode()
    assert ">needle</a>" in second
    assert "Look further back" not in second
    assert "Nothing matches" in client.get("/?q=nothing&status=ready").content.decode()


# --- days -----------------------------------------------------------------------------------------------------

ZONES = [
    ("", "UTC"),
    ("Europe/Berlin", "Europe/Berlin"),
    ("Pacific/Kiritimati", "Pacific/Kiritimati"),
    ("America/Los_Angeles", "America/Los_Angeles"),
    *(
        (name, "UTC")
        for name in ("../../etc/passwd", "/etc/localtime", "Europe", "tzdata.zi", "x" * 5000, "Mars/Base")
    ),
]


def listed(user: User, zone: str, query: str) -> tuple[set[str], str]:
    """Titles in the library of a browser in `zone`, and the page."""
    client = browser(user)
    if zone:
        client.cookies[COOKIE] = zone
    page = client.get(f"/?{query}").content.decode()
    return set(re.findall(r'data-name="([^"]*)"', page)), page


@pytest.mark.parametrize(("zone", "meant"), ZONES)
def test_a_day_begins_and_ends_where_the_viewer_is(alice: User, zone: str, meant: str) -> None:
    midnight = datetime(2026, 5, 2, tzinfo=ZoneInfo(meant))
    for row, at in zip(
        made(alice, ["before", "first", "last", "after"]),
        (-timedelta.resolution, timedelta(), timedelta(days=1) - timedelta.resolution, timedelta(days=1)),
        strict=True,
    ):
        Recording.objects.filter(pk=row.pk).update(created_at=midnight + at)
    titles, page = listed(alice, zone, "since=2026-05-02&until=2026-05-03")
    assert titles == {"first", "last"}
    assert "Since 2 may 2026 before 3 may 2026" in page
    assert f"Days in {meant}" in listed(alice, zone, "")[1]


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Africa/Cairo", "2026-04-24"), ("America/Santiago", "2026-09-06"), ("Asia/Beirut", "2026-03-29")],
)
def test_a_day_that_begins_at_one_o_clock(alice: User, zone: str, day: str) -> None:
    """Clocks go from 23:59 to 01:00 there: midnight is no time, but the day has a beginning."""
    begins = datetime.fromisoformat(day).replace(hour=1, tzinfo=ZoneInfo(zone))
    before, after = made(alice, ["before", "after"])
    Recording.objects.filter(pk=before.pk).update(created_at=begins.astimezone(UTC) - timedelta.resolution)
    Recording.objects.filter(pk=after.pk).update(created_at=begins)
    assert listed(alice, zone, f"since={day}")[0] == {"after"}


def test_today_is_the_viewers(alice: User) -> None:
    made(alice, ["some"])
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart: one of them is not in the day of UTC
        today = timezone.now().astimezone(ZoneInfo(zone)).date()
        assert f'href="/?since={today.isoformat()}">Today' in listed(alice, zone, "")[1]


def test_the_api_counts_days_in_utc_wherever_its_client_is(alice: User) -> None:
    [row] = made(alice, ["some"])
    Recording.objects.filter(pk=row.pk).update(created_at=datetime(2026, 5, 1, 23, tzinfo=UTC))
    client: Any = browser(alice)
    client.cookies[COOKIE] = "Europe/Berlin"
    assert client.get("/api/recordings?since=2026-05-02").json() == []
    assert len(client.get("/api/recordings?since=2026-05-01").json()) == 1
