"""How PostgreSQL finds what pages, API, admin and workers ask for: by an index, however many recordings there are.

Every query that these make is explained, where there are enough rows for the planner to choose an index by itself.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recordings import jobs, library, overview, retention, tasks
from recordings.ingest import silent
from recordings.models import Recording, User
from recordings.search import index
from tests import seed
from tests.making import api, browser

pytestmark = [pytest.mark.only("many"), pytest.mark.django_db]

ROWS, TRANSCRIPTS = 30_000, 100
# Those that grow with use; what is left are users, policies, work in hand.
LARGE = {f"recordings_{name}" for name in ("recording", "session", "tag", "auditevent", "passage", "terminal")}
# Indexes of what is rare, which may be read from end to end.
OF_FEW = {"recording_held", "recording_incomplete", "recording_not_ready", "session_open"}
# Steps that ask for no more rows than they are asked for, or for hardly more.
PASSING_ON = {"Append", "Incremental Sort", "Merge Append", "Nested Loop", "Result", "Subquery Scan", "Unique"}


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[User]:
    """The owner of a tenth of many recordings, in a transaction around those of the tests."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield seed.fill(ROWS, TRANSCRIPTS).owner
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def looks_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far in these rows as in a hundred times as many with the portal's own bounds."""
    monkeypatch.setattr(library, "LOOKED_AT", 500)
    monkeypatch.setattr(overview, "COUNTED", 10)
    monkeypatch.setattr(overview, "FEW", 100)


@pytest.fixture
def ada(seeded: User) -> User:
    return User.objects.create_superuser("ada")


def plans(ask: Callable[[], object]) -> dict[str, dict[str, Any]]:
    """How each query that `ask` makes is answered where there are very many rows, by its text."""
    with CaptureQueriesContext(connection) as made:
        ask()
    found = {}
    for query in made.captured_queries:
        sql = query["sql"]
        if re.match(r"\(?(SELECT|WITH)\b", sql):
            with connection.cursor() as cursor:
                # What is in memory or on an SSD is read here and there as fast as from end to end.
                cursor.execute("SET LOCAL random_page_cost = 1.1")
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
                [[[explained]]] = cursor.fetchall()
            found[sql] = explained["Plan"] if isinstance(explained, dict) else json.loads(explained)["Plan"]
    return found


def nodes(plan: dict[str, Any], *, limited: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Each step of a plan, and whether it ends once those above it have enough rows."""
    yield plan, limited
    stops = plan["Node Type"] == "Limit" or (limited and plan["Node Type"] in PASSING_ON)
    for child in plan.get("Plans", ()):
        yield from nodes(child, limited=stops)


def reads_everything(plan: dict[str, Any]) -> list[str]:
    """The large tables that are read from end to end, as they lie or by an index of all their rows."""
    return [
        node["Relation Name"]
        for node, limited in nodes(plan)
        if node.get("Relation Name") in LARGE
        if not {"Index Cond", "Recheck Cond"} & set(node)
        if node["Node Type"] == "Seq Scan" or (not limited and node.get("Index Name") not in OF_FEW)
        if not (limited and "Filter" not in node)
    ]


def a_page_deep_down(owner: User) -> str:
    deep = Recording.objects.filter(owner=owner, deleted_at=None).order_by("-created_at", "-id")[400]
    return library.cursor_after(deep.created_at, deep.pk)


PAGES = {
    "newest page": "/api/recordings",
    "narrowed": "/api/recordings?kind=terminal&status=ready",
    "of some days": "/api/recordings?since=2026-01-01&until=2100-01-01",
    "words": "/api/recordings?q=invoices",
    "a word of one": f"/api/search?q={ROWS - 10}",
    "no word of any": "/api/recordings?q=nowhere-to-be-found",
    "words that never meet": "/api/recordings?q=payroll+connection",
    "words of terminals": "/api/search?q=connection+error",
    "words in a row": "/api/search?q=%22weekly+backup%22",
    "failed": "/api/recordings?status=failed",
    "library": "/",
    "searched library": "/?q=payroll",
    "sessions": "/api/sessions",
    "deleted": "/deleted",
}
FOR_ADMINS = {
    "everyone's": "/api/admin/recordings",
    "everyone's, narrowed": "/api/admin/recordings?kind=terminal",
    "everyone's, searched": "/api/admin/recordings?q=invoices",
    "start page": "/admin/",
    "list": "/admin/recordings/recording/",
    "list, searched": "/admin/recordings/recording/?q=invoices",
    "list, searched for one": f"/admin/recordings/recording/?q={ROWS - 10}",
    "list, searched for a person": "/admin/recordings/recording/?q=seeded-7",
    "list of failed": "/admin/recordings/recording/?status=failed",
    "list of held": "/admin/recordings/recording/?held=yes",
    "sessions": "/admin/recordings/session/",
    "sessions, searched": "/admin/recordings/session/?q=payroll",
    "audit log": "/admin/recordings/auditevent/",
}


def check(ask: Callable[[], object]) -> None:
    found = plans(ask)
    assert found
    wrong = {sql: everything for sql, plan in found.items() if (everything := reads_everything(plan))}
    assert not wrong


@pytest.mark.parametrize("address", PAGES.values(), ids=list(PAGES))
def test_pages_and_lists_of_an_owner(seeded: User, address: str) -> None:
    client = api(seeded) if address.startswith("/api/") else browser(seeded)
    check(lambda: _ok(client.get(address)))


@pytest.mark.parametrize("address", FOR_ADMINS.values(), ids=list(FOR_ADMINS))
def test_pages_and_lists_of_an_admin(ada: User, address: str) -> None:
    client = api(ada) if address.startswith("/api/") else browser(ada)
    check(lambda: _ok(client.get(address)))


def _ok(answer: Any) -> None:
    assert answer.status_code == 200, answer.content


def test_what_very_many_have_is_not_counted(seeded: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "WELL_KNOWN", 1_000)
    rare = ROWS - 10
    for asked, counted in (("payroll", 0), ("%22payroll+seed%22", 0), (f"{rare}", 1), (f"%22payroll+{rare}%22", 1)):
        with CaptureQueriesContext(connection) as made:
            _ok(api(seeded).get(f"/api/search?q={asked}"))
        assert sum(query["sql"].startswith("SELECT count(*)") for query in made.captured_queries) == counted, asked


def test_a_page_far_down_is_found_like_the_first(seeded: User) -> None:
    cursor = a_page_deep_down(seeded)
    check(lambda: _ok(api(seeded).get("/api/recordings", {"cursor": cursor})))


def test_one_recording(seeded: User) -> None:
    one = Recording.objects.filter(owner=seeded, deleted_at=None).first()
    assert one is not None
    for address in (f"/api/recordings/{one.pk}", f"/api/recordings/{one.pk}/activity", f"/recordings/{one.pk}"):
        client = api(seeded) if address.startswith("/api/") else browser(seeded)
        check(lambda client=client, address=address: _ok(client.get(address)))  # type: ignore[misc]


WORK: dict[str, Callable[[], object]] = {
    "looking for jobs": lambda: jobs.run_due(tasks.HANDLERS),
    "looking for the silent": lambda: silent.complete(timezone.now()),
    "looking for what to purge": lambda: retention.purge(timezone.now()),
    "looking for what is old": lambda: retention.due(timezone.now() - timedelta(days=10_000)),
    "the start page": lambda: overview.read(timezone.now()),
}


@pytest.mark.parametrize("name", WORK)
def test_workers(seeded: User, settings: Any, name: str) -> None:
    settings.SORTIE_RECORDING_RETENTION_DAYS = seed.DAYS - 10
    check(WORK[name])


def test_what_reads_everything_is_seen(seeded: User) -> None:
    found = plans(lambda: list(Recording.objects.filter(sha256="1" * 64)))
    [plan] = found.values()
    assert reads_everything(plan) == ["recordings_recording"]


@pytest.mark.parametrize(
    "address", ["/api/recordings", "/api/recordings?kind=terminal", "/api/recordings?status=failed"]
)
def test_an_index_that_is_missing_is_missed(seeded: User, address: str) -> None:
    constraints = connection.introspection.get_constraints(connection.cursor(), Recording._meta.db_table)
    with connection.cursor() as cursor:
        for name, about in constraints.items():
            if about["index"] and not about["unique"]:
                cursor.execute(f'DROP INDEX "{name}"')
    with pytest.raises(AssertionError):
        check(lambda: _ok((api(seeded) if address.startswith("/api/") else browser(seeded)).get(address)))
