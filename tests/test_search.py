"""Recordings found by what is written about them and by what their terminals showed; the same in both databases."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from recordings import library, retention
from recordings.audit import Actor
from recordings.models import Job, Passage, Recording, User
from recordings.search import finding
from recordings.search.asking import asked
from recordings.search.finding import Found, find, with_hits
from recordings.search.index import put_text
from tests import webm_builder as build
from tests.casting import made
from tests.making import api, ready, session_of, started
from tests.terminal.build import cast

pytestmark = pytest.mark.django_db
SEARCH = "/api/search"


def showing(user: User, *chunks: Sequence[str], title: str = "Some") -> Recording:
    """A terminal recording with a transcript of these runs of lines, a second each."""
    recording = made(user, cast(), title=title)
    second = 0
    numbered = []
    for chunk in chunks:
        numbered.append([(1000 * (second + i), line) for i, line in enumerate(chunk)])
        second += len(chunk)
    put_text(recording, numbered)
    recording.terminal.text_complete = True
    recording.terminal.save()
    return recording


def search(user: User, question: str, **filters: Any) -> list[Found]:
    rows = library.recordings_of(user).filter(**filters)
    return with_hits(find(rows, asked(question)).rows, asked(question))


def names(user: User, question: str) -> list[str]:
    return [found.recording.title for found in search(user, question)]


@pytest.fixture
def shells(alice: User) -> list[Recording]:
    return [
        showing(alice, ["$ kubectl get pods", "web-7d4b9c Running"], ["$ kubectl delete pod web"], title="first"),
        showing(alice, ["connect to 10.0.4.17:8080", "サービスを再起動しました"], title="second"),
        showing(alice, ["kubectl", "x", "delete"], ["the end of a sentence"], ["goes on here"], title="third"),
    ]


QUESTIONS = [
    ("kubectl", ["third", "first"]),
    ("KUBE", ["third", "first"]),
    ('"kube"', []),
    ("kubectl delete", ["third", "first"]),
    ('"kubectl delete"', ["first"]),
    ('"delete kubectl"', []),
    ("web-7d4b9c", ["first"]),
    ("10.0.4.17", ["second"]),
    ("10.0.4.1", []),
    ("10.0.4", ["second"]),
    ("再起動", ["second"]),
    ("起動し", ["second"]),
    ("動再", []),
    ('"sentence goes on"', ["third"]),
    ("second 8080", ["second"]),
    ("first 8080", []),
    ("no-such-thing", []),
    ("' OR 1=1; --", []),
    ("kubectl AND NOT delete*", []),
]


@pytest.mark.usefixtures("shells")
@pytest.mark.parametrize("common", [False, True])
def test_what_is_found(common: bool, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    # Rare words are looked for in another way than common ones.
    monkeypatch.setattr(finding, "RARE", 0 if common else 2000)
    for question, expected in QUESTIONS:
        assert names(alice, question) == expected, question


def test_hits_are_lines_with_their_times(shells: list[Recording], alice: User) -> None:
    third, first = search(alice, "kubectl delete")
    assert [(hit.text, hit.at_ms) for hit in first.hits] == [("$ kubectl delete pod web", 2000)]
    assert [text for text, is_marked in first.hits[0].parts if is_marked] == ["kubectl", "delete"]
    assert "".join(text for text, _ in first.hits[0].parts) == first.hits[0].text
    assert [(hit.text, hit.at_ms) for hit in third.hits] == [("kubectl", 0), ("delete", 2000)]
    [found] = search(alice, '"sentence goes on"')
    assert [(hit.text, hit.at_ms) for hit in found.hits] == [("the end of a sentence", 3000)]


def test_what_is_written_about_a_recording_is_found_as_it_is_now(alice: User) -> None:
    video = started(alice, session_of(alice, title="Quarterly"))
    by = Actor(alice)
    assert [found.recording for found in search(alice, "quarterly")] == [video]
    library.edit(video, by, title="Monthly close", notes="Ledger\nand taxes", tags=["fiscal-2026"])
    fields = {"monthly": "title", "taxes": "notes", "fiscal-2026": "tags", "quart": "session"}
    for question, field in fields.items():
        [found] = search(alice, question)
        assert [hit.field for hit in found.hits] == [field]
        assert found.hits[0].at_ms is None
    library.edit(video, by, notes="", tags=[])
    assert search(alice, "taxes") == []
    assert search(alice, "fiscal") == []
    assert len(search(alice, "monthly close")) == 1


def test_host_user_and_command_are_found(alice: User) -> None:
    made(alice, cast(command="make backup", sortie={"host": "db1.example", "user": "postgres"}))
    for question in ("db1.example", "postgres backup", "make"):
        assert len(search(alice, question)) == 1


def test_what_was_there_before_the_index_is_found(alice: User) -> None:
    terminal, video = made(alice, cast(), title="Rollout"), started(alice, session_of(alice, title="Quarterly"))
    library.edit(video, Actor(alice), notes="Ledger\nand taxes", tags=["fiscal"])
    for leftover in (Passage, Job):
        leftover.objects.all().delete()
    migration = import_module("recordings.migrations.0013_passages")
    editor = SimpleNamespace(connection=connection)
    migration.describe_all(apps, editor)
    migration.read_all(apps, editor)
    for question in ("quarterly", "ledger taxes", "fiscal"):
        assert [found.recording for found in search(alice, question)] == [video], question
    assert [hit.field for hit in search(alice, "taxes")[0].hits] == ["notes"]
    assert [found.recording for found in search(alice, "rollout")] == [terminal]
    assert [(job.kind, job.recording_id) for job in Job.objects.all()] == [("text", terminal.pk)]


def test_reading_again_replaces_what_was_found(alice: User) -> None:
    recording = showing(alice, ["before"])
    put_text(recording, [[(0, "after")], [(1, "later")]])
    assert search(alice, "before") == []
    assert len(search(alice, "after later")) == 1
    assert _words_left() == Passage.objects.count()


def test_what_is_purged_leaves_no_words(alice: User) -> None:
    recording = showing(alice, ["something secret"])
    other = showing(alice, ["something else"])
    retention.delete(recording, Actor(alice))
    assert [found.recording for found in search(alice, "something")] == [other]
    retention.purge(timezone.now() + timedelta(days=2))
    assert Passage.objects.exclude(recording=other).count() == 0
    assert _words_left() == Passage.objects.count()


def _words_left() -> int:
    table = "recordings_passage" if connection.vendor == "postgresql" else "recordings_words"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE words IS NOT NULL")
        [number] = cursor.fetchone()
        return int(number)


# --- who may see what -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("common", [False, True])
def test_nobody_finds_what_is_not_theirs(
    common: bool, alice: User, bob: User, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "RARE", 0 if common else 2000)
    theirs, mine = showing(alice, ["the password is hunter2"]), showing(bob, ["the weather is fine"])
    found = {
        user.username: [row["recording"]["id"] for row in api(user).get(f"{SEARCH}?q=the").json()]
        for user in (alice, bob, ada)
    }
    assert found == {"alice": [str(theirs.pk)], "bob": [str(mine.pk)], "ada": []}
    assert api(bob).get(f"{SEARCH}?q=hunter2").json() == []
    everyone = api(ada).get(f"{SEARCH}?q=the&everyone=1").json()
    assert {row["recording"]["id"] for row in everyone} == {str(theirs.pk), str(mine.pk)}
    assert api(bob).get(f"{SEARCH}?q=hunter2&everyone=1").json() == []


def test_admins_find_a_name_without_what_was_shown(alice: User, ada: User) -> None:
    showing(alice, ["deploy"], title="Some")
    named = showing(alice, ["something"], title="Deploy to staging")
    [term] = asked("deploy").terms
    for rare in (0, 2000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(finding, "RARE", rare)
            rows = Recording.objects.administered_by(ada)
            assert finding.find_named(rows, [finding.Wanted(term)]).rows == [named]
            assert len(finding.find_named(rows, [finding.Wanted(term, (alice.pk,))]).rows) == 2


def test_one_transcript_is_its_owners(alice: User, bob: User, ada: User) -> None:
    address = f"/api/recordings/{showing(alice, ['hunter2']).pk}/transcript"
    assert api(alice).get(f"{address}?q=hunter2").json()[0]["text"] == "hunter2"
    assert api(ada).get(address).status_code == 200
    assert api(bob).get(address).status_code == 404
    assert api(bob).get(f"{address}?q=hunter2").status_code == 404


# --- pages and filters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("common", [False, True])
def test_pages_follow_each_other_newest_first(common: bool, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "RARE", 0 if common else 2000)
    made_ones = [started(alice, session_of(alice, title=f"common number{i}")) for i in range(7)]
    expected = [str(one.pk) for one in reversed(made_ones)]
    client, address, seen = api(alice), f"{SEARCH}?q=common&limit=3", []
    while address:
        answer = client.get(address)
        seen += [row["recording"]["id"] for row in answer.json()]
        link = answer.headers.get("Link", "")
        address = link.partition(">")[0].removeprefix("<").replace("http://testserver", "")
    assert seen == expected


def test_filters_narrow_what_is_found(alice: User) -> None:
    terminal, video = showing(alice, ["deploy"]), ready(alice, build.webm(build.cluster(0, build.block(1, 0))))
    library.edit(video, Actor(alice), title="deploy")
    client = api(alice)

    def found(query: str) -> set[str]:
        return {row["recording"]["id"] for row in client.get(f"{SEARCH}?q=deploy{query}").json()}

    assert found("") == {str(terminal.pk), str(video.pk)}
    assert found("&kind=terminal") == {str(terminal.pk)}
    assert found("&kind=video&status=ready") == {str(video.pk)}
    assert found("&since=2199-01-01") == set()
    assert found(f"&session={terminal.session_id}") == {str(terminal.pk)}


def test_questions_that_make_no_sense_are_refused(alice: User) -> None:
    client = api(alice)
    for query in ("", "?q=", "?q=%20-%20", "?q=x&limit=51", "?q=x&limit=0", "?q=x&cursor=y", "?q=x&kind=z"):
        assert client.get(f"{SEARCH}{query}").status_code == 400, query


def test_of_many_lines_some_are_shown_and_it_is_said(alice: User) -> None:
    showing(alice, [f"line {i} of many" for i in range(50)])
    [row] = api(alice).get(f"{SEARCH}?q=many").json()
    assert len(row["hits"]) == 5
    assert row["more"] is True
    assert row["hits"][0] == {"at_seconds": 0.0, "text": "line 0 of many", "marks": [[10, 14]], "field": ""}


def test_lines_that_say_most_are_shown(alice: User) -> None:
    """Of passages with all of it, and where there is none, of those with a part of it."""
    showing(alice, ["red", "red green", "green red", "blue"])
    both = ["red green", "green red"]
    for question, expected in (("green red", both), ("red green blue", both), ("blue", ["blue"])):
        [row] = api(alice).get(f"{SEARCH}?q={question.replace(' ', '+')}").json()
        assert [hit["text"] for hit in row["hits"]] == expected
    apart = showing(alice, ["one"])
    put_text(apart, [[(0, "one"), (1, "two one")], [(2, "three")]])
    [row] = api(alice).get(f"{SEARCH}?q=one+two+three").json()
    assert [hit["text"] for hit in row["hits"]] == ["two one"]


@pytest.mark.only("single")
def test_the_index_in_sqlite_is_made_anew_with_all_that_was_in_it(alice: User) -> None:
    found, gone = showing(alice, ["something found"]), showing(alice, ["something gone"])
    migration = import_module("recordings.migrations.0015_beginnings_in_sqlite")
    for make in (migration.without, migration.with_beginnings):
        with connection.cursor() as cursor:
            make(apps, SimpleNamespace(connection=connection, execute=cursor.execute))
        assert len(search(alice, "som")) == 2
    Passage.objects.filter(recording=gone).delete()
    assert [one.recording for one in search(alice, "some")] == [found]
    assert _words_left() == Passage.objects.count()


HOSTILE = [
    "\x1b[31m \0",
    "' OR words MATCH 'x",
    '"unfinished',
    "a" * 5000,
    "NEAR(a b, 1) AND {words}: c",
    "^x:* & !y | (z",
    "%s %(x)s {} \\",
    "\ud800",
    "日" * 300,
]


@pytest.mark.usefixtures("shells")
@pytest.mark.parametrize("common", [False, True])
def test_no_question_is_an_error(common: bool, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "RARE", 0 if common else 2000)
    client = api(alice)
    for question in HOSTILE:
        search(alice, question)
        answer = client.get(SEARCH, {"q": question.replace("\ud800", "?")})
        assert answer.status_code in (200, 400), question


def distinct(number: int) -> Iterator[list[str]]:
    for start in range(0, number, 400):
        yield [f"word{i:07}" for i in range(start, min(start + 400, number))]


def test_millions_of_letters_of_different_words_are_no_hindrance(alice: User) -> None:
    recording = showing(alice, *([" ".join(line)] for line in distinct(100_000)))
    assert [found.recording for found in search(alice, "word0000000 word0099999")] == [recording]
    assert "word0099999" in search(alice, "word0099999")[0].hits[0].text
