"""Rows and stored objects held against each other."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from recordings import reconcile
from recordings.audit import Actor
from recordings.ingest import simple
from recordings.models import Recording, Upload, User
from recordings.storage import current_store
from tests.making import arrived, ready, started, stored, webm
from tests.stores import WEBM, key, staged

pytestmark = pytest.mark.django_db

TOMORROW = timedelta(days=1, minutes=1)


def orphan(tmp_path: Path) -> str:
    """An object that no row knows of."""
    name = key()
    current_store().put(name, staged(tmp_path, b"lost"), content_type=WEBM)
    return name


def run(*options: str) -> tuple[str, str]:
    """What the command says, and how it ends."""
    out = StringIO()
    try:
        call_command("reconcile_storage", *options, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_all_is_well(alice: User) -> None:
    ready(alice)
    assert run() == ("0 damaged recordings, 0 orphans left\n", "")


def test_young_objects_are_on_their_way_in_and_old_ones_are_lost(alice: User, tmp_path: Path) -> None:
    name, known = orphan(tmp_path), ready(alice).storage_key
    backend, now = current_store().name, timezone.now()
    assert reconcile.compare(backend, now).orphans == []
    [found] = reconcile.compare(backend, now + TOMORROW).orphans
    assert (found.key, found.size) == (name, 4)
    reconcile.delete_orphans(backend, [found])
    assert stored() == [known]


def test_what_an_upload_is_about_to_be_put_under_is_known(alice: User, tmp_path: Path) -> None:
    name, recording = orphan(tmp_path), started(alice)
    simple._accept(recording, arrived(webm()), Actor(alice), simple.About("x"))
    Upload.objects.update(storage_backend=current_store().name, storage_key=name)
    assert reconcile.compare(current_store().name, timezone.now() + TOMORROW).orphans == []


def test_the_command_lists_and_removes_only_when_told(
    alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "SETTLED_AFTER", timedelta(seconds=-5))
    monkeypatch.setattr(reconcile, "BATCH", 2)
    names = [orphan(tmp_path) for _ in range(5)]
    ready(alice)
    text, end = run()
    assert all(f"object {name}: 4 bytes, no recording" in text for name in names)
    assert text.endswith("0 damaged recordings, 5 orphans left\n")
    assert len(stored()) == 6
    text, end = run("--delete-orphans")
    assert (text.endswith("0 damaged recordings, 5 orphans removed\n"), end) == (True, "")
    assert len(stored()) == 1


def test_lost_and_damaged_recordings_are_named(alice: User) -> None:
    lost, short, _ = ready(alice), ready(alice), ready(alice)
    current_store().delete([lost.storage_key])
    Recording.objects.filter(pk=short.pk).update(stored_size=1)
    text, end = run()
    assert f"recording {lost.pk} (firefox): its stored object is missing" in text
    assert f"recording {short.pk} (firefox): its stored object has {short.stored_size} bytes instead of 1" in text
    assert "2 damaged recordings" in text
    assert "lost their bytes" in end


def test_a_store_that_is_away_is_no_reason_to_call_anything_lost(alice: User, settings: Settings) -> None:
    ready(alice, storage_backend="local")
    settings.SORTIE_RECORDING_STORAGE_PATH = Path("/dev/null/recordings")
    text, end = run("--backend", "local")
    assert "missing" not in text
    assert "/dev/null/recordings" in end
