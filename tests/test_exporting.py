"""Films of terminal recordings: asked for, made by a worker, given out to those who may, and removed."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from django.utils import timezone
from pytest_django import Settings

from recordings import exporting, jobs, reconcile, retention, tasks
from recordings.audit import Actor
from recordings.models import AuditEvent, Export, Job, Recording, Terminal, User
from recordings.storage import current_store
from tests.casting import made
from tests.making import api, ready, started, stored
from tests.playables import body
from tests.terminal.build import cast, events_in, version_1, version_3

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(alice: User) -> Recording:
    recording = made(alice, cast([0.5, "o", "one\r\n"], [30, "o", "two\r\n"], width=20, height=5), title="Nightly")
    Job.objects.all().delete()  # it is not read here, and no poster made of it
    return recording


def ask(who: User, recording: Recording, **given: object) -> Any:
    return api(who).post(f"/api/recordings/{recording.pk}/exports", {"format": "mp4", **given}, format="json")


def export_of(who: User, recording: Recording, **given: object) -> dict[str, Any]:
    """What is told of an export once a worker has had its time."""
    answer = ask(who, recording, **given)
    assert answer.status_code == 202, answer.content
    assert (answer.json()["status"], answer.json()["url"]) == ("making", "")
    jobs.run_due(tasks.HANDLERS)
    told: dict[str, Any] = api(who).get(f"/api/recordings/{recording.pk}/exports/{answer.json()['id']}").json()
    return told


def downloaded(who: User, url: str) -> tuple[Any, bytes]:
    """Headers and bytes of a film, from the portal or from where it sends us."""
    answer = api(who).get(url)
    if answer.status_code == 302:
        sent = httpx.get(answer.headers["Location"]).raise_for_status()
        return sent.headers, sent.content
    return answer.headers, body(answer)


def seconds_of(data: bytes) -> list[float]:
    """When each picture of a film is shown."""
    with av.open(io.BytesIO(data), "r") as film:
        return [float(frame.time or 0) for frame in film.decode(video=0)]


@pytest.mark.parametrize(("form", "kind"), [("mp4", "video/mp4"), ("webm", "video/webm"), ("gif", "image/gif")])
def test_a_film_is_made_and_downloaded(form: str, kind: str, alice: User, recording: Recording) -> None:
    told = export_of(alice, recording, format=form)
    assert (told["status"], told["progress"], told["error"]) == ("ready", 100, "")
    headers, data = downloaded(alice, told["url"])
    assert len(data) == told["size_bytes"]
    assert headers["Content-Type"] == kind
    assert f'filename="Nightly.{form}"' in headers["Content-Disposition"]
    assert 4 < seconds_of(data)[-1] < 6


@pytest.mark.parametrize(("form", "version"), [("cast-v2", 2), ("cast-v3", 3)])
def test_a_cast_of_another_version(form: str, version: int, alice: User, tmp_path: Path) -> None:
    events = ([0.5, "o", "one"], [0.75, "r", "100x30"], [60, "o", "two"])
    for data in (version_3(*events), cast(*events), version_1([0.5, "one"], [0.75, "two"])):
        recording = made(alice, data, title="Nightly")
        told = export_of(alice, recording, format=form)
        assert (told["status"], told["skip_idle"]) == ("ready", False)
        headers, converted = downloaded(alice, told["url"])
        assert headers["Content-Type"] == "application/x-asciicast"
        assert 'filename="Nightly.cast"' in headers["Content-Disposition"]
        assert json.loads(converted.splitlines()[0])["version"] == version
        assert events_in(tmp_path / "a", converted) == events_in(tmp_path / "b", data)


@pytest.mark.only("single")
def test_a_part_of_a_film(alice: User, recording: Recording) -> None:
    url = export_of(alice, recording)["url"]
    _, data = downloaded(alice, url)
    part = api(alice).get(url, headers={"Range": "bytes=2-5"})
    assert (part.status_code, body(part)) == (206, data[2:6])
    assert AuditEvent.objects.filter(action="download").count() == 1


def test_what_is_idle_is_shown_where_it_is_wanted(alice: User, recording: Recording) -> None:
    told = export_of(alice, recording, skip_idle=False)
    assert 30 < seconds_of(downloaded(alice, told["url"])[1])[-1] < 33


def test_the_audit_log_has_who_asked_and_who_downloaded(alice: User, ada: User, recording: Recording) -> None:
    told = export_of(alice, recording)
    downloaded(ada, told["url"])
    said = AuditEvent.objects.filter(action__in=["export", "download"]).order_by("at")
    assert [(event.action, event.actor_name, event.detail) for event in said] == [
        ("export", "alice", {"format": "mp4", "skip_idle": True}),
        ("download", "ada", {"format": "mp4"}),
    ]


def test_asked_for_again_it_is_the_same(alice: User, ada: User, recording: Recording) -> None:
    told = export_of(alice, recording)
    again = ask(ada, recording)
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (202, told["id"], "ready")
    assert not Job.objects.exists()
    listed = api(alice).get(f"/api/recordings/{recording.pk}/exports").json()
    assert [each["id"] for each in listed] == [told["id"]]


def test_of_a_longer_recording_another_is_made(alice: User, recording: Recording) -> None:
    told = export_of(alice, recording)
    Export.objects.update(made_of="what it was before")
    before = stored()
    anew = export_of(alice, recording)
    assert (anew["id"], anew["status"]) == (told["id"], "ready")
    assert len(stored()) == len(before) == 2
    assert stored() != before


def test_to_others_it_does_not_exist(alice: User, bob: User, recording: Recording) -> None:
    told = export_of(alice, recording)
    address = f"/api/recordings/{recording.pk}/exports"
    other = made(bob, cast())
    for route in (address, f"{address}/{told['id']}", told["url"]):
        assert api(bob).get(route).status_code == 404
    assert ask(bob, recording).status_code == 404
    assert api(bob).delete(f"{address}/{told['id']}").status_code == 404
    assert api(bob).get(f"/api/recordings/{other.pk}/exports/{told['id']}/file").status_code == 404


def test_what_there_is_no_film_of(alice: User) -> None:
    answer = ask(alice, ready(alice))
    assert (answer.status_code, "Only terminal" in answer.json()["detail"]) == (409, True)
    assert ask(alice, made(alice, cast()), format="avi").status_code == 400
    Recording.objects.update(kind="terminal", status="uploading")
    assert ask(alice, Recording.objects.first() or started(alice)).json()["detail"] == "Recording not ready"


def test_one_that_is_not_ready_is_not_given_out(alice: User, recording: Recording) -> None:
    told = ask(alice, recording).json()
    answer = api(alice).get(f"/api/recordings/{recording.pk}/exports/{told['id']}/file")
    assert (answer.status_code, answer.json()["detail"]) == (409, "The export is not ready.")


def test_nobody_has_all_workers(alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_WAITING", 2)
    recording = made(alice, cast())
    answers = [ask(alice, recording, format=form).status_code for form in ("mp4", "webm", "mp4", "gif")]
    assert answers == [202, 202, 202, 429]
    assert ask(bob, made(bob, cast())).status_code == 202


def test_one_that_cannot_be_made_says_so_and_can_be_tried_again(alice: User, recording: Recording) -> None:
    size = recording.terminal.played_size
    Terminal.objects.update(played_size=1)
    told = export_of(alice, recording)
    assert (told["status"], told["error"]) == ("failed", exporting.NOT_MADE)
    Terminal.objects.update(played_size=size)
    assert export_of(alice, recording)["status"] == "ready"


@pytest.mark.only("single")
def test_while_the_store_is_away_it_waits(alice: User, recording: Recording, settings: Settings) -> None:
    told = ask(alice, recording).json()
    there = settings.SORTIE_RECORDING_STORAGE_PATH
    settings.SORTIE_RECORDING_STORAGE_PATH = "/dev/null/recordings"
    jobs.run_due(tasks.HANDLERS)
    assert Job.objects.get().attempts == 0
    settings.SORTIE_RECORDING_STORAGE_PATH = there
    Job.objects.update(run_after=timezone.now())
    jobs.run_due(tasks.HANDLERS)
    assert Export.objects.get(pk=told["id"]).status == "ready"


def test_one_that_has_no_job_gets_one(alice: User, recording: Recording) -> None:
    ask(alice, recording)
    Job.objects.all().delete()
    tasks.sweep()
    assert Export.objects.get().status == "ready"


def test_taken_back_it_is_gone(alice: User, recording: Recording) -> None:
    told = export_of(alice, recording)
    address = f"/api/recordings/{recording.pk}/exports/{told['id']}"
    assert api(alice).delete(address).status_code == 204
    assert api(alice).get(address).status_code == 404
    assert len(stored()) == 1


def test_taken_back_while_it_is_made_it_is_not_kept(
    alice: User, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(alice, recording)
    keep = exporting._keep

    def late(export: Export, film: Any) -> None:
        exporting.withdraw(export, Actor(alice))
        keep(export, film)

    monkeypatch.setattr(exporting, "_keep", late)
    jobs.run_due(tasks.HANDLERS)
    assert not Export.objects.exists()
    assert not Job.objects.exists()
    assert len(stored()) == 1


def test_after_a_week_it_is_removed(alice: User, recording: Recording) -> None:
    export_of(alice, recording)
    now = timezone.now()
    assert exporting.expire(now + exporting.KEPT - timedelta(minutes=1)) == 0
    assert exporting.expire(now + exporting.KEPT + timedelta(minutes=1)) == 1
    assert not Export.objects.exists()
    assert len(stored()) == 1


def test_it_goes_with_its_recording_and_is_no_orphan(alice: User, recording: Recording) -> None:
    export_of(alice, recording)
    later = timezone.now() + timedelta(days=2)
    assert reconcile.compare(current_store().name, later).orphans == []
    retention.delete(recording, Actor(alice))
    retention.purge(later)
    assert not Recording.objects.exists()
    assert stored() == []
