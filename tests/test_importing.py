"""`manage.py import_recordings`: whose they become, what is known of them, and that each is imported once."""

import gzip
import io
import json
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from recordings import policies, retention, tasks
from recordings.audit import SORTIE, Actor
from recordings.ingest import importing, kinds, start
from recordings.ingest.importing import Outcome, Owners
from recordings.media import importers
from recordings.models import AuditEvent, Import, Kind, Recording, Status, User
from recordings.policies import Switch
from tests.casting import original_of_cast
from tests.making import events, staged, stored
from tests.terminal import build
from tests.terminal.other_programs import SAMPLES

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Recordings of every program that is known, casts in each of their layouts, and a file that is none."""
    folder = tmp_path / "tree"
    shutil.copytree(SAMPLES, folder)
    (folder / "2026-01-12").mkdir()
    build.written(folder / "2026-01-12" / "web1_20260112-143022_a1b2c3.cast", build.cast([1, "o", "aegis"]))
    build.written(folder / "f81d4fae.cast", build.cast([1, "o", "session"]))
    build.written(folder / "f81d4fae.json", b'{"username": "alice", "target": "sandbox-7", "tags": ["a", "b"]}')
    build.written(folder / "job-17.cast.gz", gzip.compress(build.cast([1, "o", "job"])))
    beside = {"session_id": "job-17", "host_id": "db1", "user": "bob", "command_count": 3, "truncated": True}
    build.written(folder / "job-17.meta.json", json.dumps(beside).encode())
    return folder


def imported(*arguments: object) -> tuple[str, str]:
    """What the command said, and what it complained of."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_recordings", *map(str, arguments), stdout=out, stderr=err)
    except CommandError as error:
        err.write(str(error))
    return out.getvalue(), err.getvalue()


def test_all_of_a_folder_is_imported_once(tree: Path, alice: User, bob: User) -> None:
    said, wrong = imported(tree, "--owner", "alice", "--same-name")
    assert "9 imported" in said
    assert wrong == ""
    assert Recording.objects.filter(status=Status.READY, kind=Kind.TERMINAL).count() == 9
    assert Recording.objects.filter(owner=bob).get().terminal.login == "bob"
    agents = set(Recording.objects.values_list("terminal__agent", flat=True))
    assert {"script", "sudo", "tlog", "ttyrec"} <= agents
    assert staged() == []
    again, _ = imported(tree, "--owner", "alice")
    assert "9 there already" in again
    assert Recording.objects.count() == len(stored()) == 9


def test_what_lies_beside_it_is_known_of_it(tree: Path, alice: User, bob: User) -> None:
    imported(tree, "--same-name", "--owner", "alice")
    [job] = Recording.objects.filter(owner=bob)
    assert (job.terminal.reference, job.terminal.host_id, job.terminal.command_count) == ("job-17", "db1", 3)
    assert job.incomplete
    assert "size limit" in job.error
    assert original_of_cast(job) == (tree / "job-17.cast.gz").read_bytes()
    session = Recording.objects.get(terminal__host="sandbox-7")
    assert [tag.name for tag in session.tags.all()] == ["a", "b"]
    assert session.session.app_id == "import"
    aegis = Recording.objects.get(terminal__reference="a1b2c3")
    assert aegis.terminal.recorded_at is not None
    assert aegis.terminal.recorded_at.timestamp() == build.HEADER["timestamp"]


def test_the_audit_log_says_that_it_was_imported(tree: Path, alice: User) -> None:
    imported(tree / "sudo", "--owner", "alice")
    recording = Recording.objects.get()
    assert events(recording)[-1] == "upload"
    assert "import" in events(recording)
    event = AuditEvent.objects.get(action="import")
    assert event.detail == {"format": "sudo", "name": "sudo"}
    assert event.actor is None
    assert str(tree) not in json.dumps([each.detail for each in AuditEvent.objects.all()])


def test_a_dry_run_says_the_same_and_changes_nothing(tree: Path, alice: User) -> None:
    said, _ = imported(tree, "--owner", "alice", "--dry-run")
    assert "9 would be imported" in said
    assert (Recording.objects.count(), Import.objects.count(), AuditEvent.objects.count()) == (0, 0, 0)
    assert (staged(), stored()) == ([], [])


def test_whose_they_become(tree: Path, alice: User, bob: User) -> None:
    path = tree / "job-17.cast.gz"
    said, wrong = imported(path)
    assert "nobody's  Its user is bob." in wrong
    assert "--user LOGIN=USER" in wrong
    assert "1 of 1 cannot be imported like this" in wrong
    assert "1 nobody's" in said
    imported(path, "--same-name", "--user", "bob=alice")
    assert Recording.objects.get().owner == alice


@pytest.mark.parametrize("arguments", [("--owner", "nobody"), ("--user", "a=nobody"), ("--user", "alice")])
def test_users_who_are_not_there_are_named_first(arguments: tuple[str, ...], tree: Path, alice: User) -> None:
    _, wrong = imported(tree, *arguments)
    assert wrong.startswith("There is no active user called")
    assert not Recording.objects.exists()


def test_paths_that_are_none(tmp_path: Path, alice: User) -> None:
    assert "does not exist" in imported(tmp_path / "nowhere", "--owner", "alice")[1]
    other = build.written(tmp_path / "notes.txt", b"hello")
    assert "notes.txt is no recording" in imported(other, "--owner", "alice")[1]
    assert imported(tmp_path, "--owner", "alice")[0].strip() == "nothing found"


def test_a_broken_one_is_refused_and_the_others_are_not(tmp_path: Path, alice: User) -> None:
    build.written(tmp_path / "a.cast", build.cast([1, "o", "x"], b"broken", [2, "o", "y"]))
    build.written(tmp_path / "b.cast", build.cast())
    shutil.copytree(SAMPLES / "script-io", tmp_path / "script")
    with (tmp_path / "script" / "ptyio.tm").open("ab") as timing:
        timing.write(b"nonsense\n")
    build.written(tmp_path / "c\x1b[2J.cast", build.cast(b"x"))
    said, wrong = imported(tmp_path, "--owner", "alice")
    assert "1 imported, 2 refused" in said
    assert "a.cast: refused" in wrong
    assert "line 3" in wrong.casefold()
    assert "\x1b" not in wrong
    assert Recording.objects.count() == 1
    assert staged() == []


def test_one_that_is_cut_off_is_taken_and_says_so(tmp_path: Path, alice: User) -> None:
    path = build.written(tmp_path / "a.ttyrec", (SAMPLES / "ttyrec" / "x.ttyrec").read_bytes()[:-1])
    said, _ = imported(path, "--owner", "alice")
    assert "breaks off" in said
    recording = Recording.objects.get()
    assert recording.incomplete
    assert recording.error == "The ttyrec breaks off; it is taken as far as it goes."


def test_what_a_crash_left_without_its_bytes_gets_them(tmp_path: Path, alice: User, bob: User) -> None:
    path = build.written(tmp_path / "a.cast", build.cast())
    [source] = importers.find(path)
    left = start.receive(alice, SORTIE, kind=Kind.TERMINAL, title="", filename="a.cast", app_id="import")
    Import.objects.create(fingerprint=source.fingerprint(), recording=left)
    assert importing.bring(source, Owners({}, bob)).outcome == Outcome.IMPORTED
    assert Recording.objects.get(status=Status.READY, owner=alice).pk == left.pk


def test_one_that_was_deleted_does_not_come_back(tmp_path: Path, alice: User, settings: Settings) -> None:
    settings.SORTIE_DELETED_KEEP_HOURS = 0
    path = build.written(tmp_path / "a.cast", build.cast())
    imported(path, "--owner", "alice")
    recording = Recording.objects.get()
    retention.delete(recording, Actor(alice))
    assert "1 deleted since" in imported(path, "--owner", "alice")[0]
    retention.purge(Recording.objects.get().purge_after)  # type: ignore[arg-type]
    assert not Recording.objects.exists()
    assert "1 deleted since" in imported(path, "--owner", "alice")[0]
    assert not Recording.objects.exists()


def test_what_was_typed_is_left_out_as_policy_says(tree: Path, alice: User, ada: User) -> None:
    imported(tree / "sudo", "--owner", "alice")
    without = Recording.objects.get()
    assert without.terminal.input_removed
    assert b'"i"' not in original_of_cast(without)
    policies.turn(Switch.KEEP_INPUT, Actor(ada), on=True)
    imported(tree / "tlog", "--owner", "alice")
    [other] = Recording.objects.exclude(pk=without.pk)
    assert other.terminal.events["i"] > 0


def test_a_large_one_is_left_to_a_worker(tmp_path: Path, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "LARGEST_READ_AT_ONCE", 100)
    path = build.written(tmp_path / "a.cast", build.cast())
    assert "1 taken, to be put away" in imported(path, "--owner", "alice")[0]
    assert "1 there already" in imported(path, "--owner", "alice")[0]
    tasks.sweep()
    assert Recording.objects.get().status == Status.READY


def test_larger_than_allowed_is_refused(tmp_path: Path, alice: User, settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    path = build.written(tmp_path / "a.cast", build.cast([1, "o", "x" * (1 << 20)]))
    assert "too large (max 1 MB)" in imported(path, "--owner", "alice")[1]
    assert staged() == []


@pytest.mark.only("single")
def test_where_terminal_recordings_are_switched_off_there_is_no_import(
    tree: Path, alice: User, settings: Settings
) -> None:
    settings.SORTIE_TERMINAL_RECORDING_ENABLED = False
    assert "switched off" in imported(tree, "--owner", "alice")[1]
