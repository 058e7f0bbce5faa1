"""Looking at the parts: bounded whatever hangs, remembered for a while, and told when it changes."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings

from recordings import health
from recordings.health import Health, Trouble
from recordings.ingest import staging
from recordings.storage import store_for
from tests.services import free_ports

BROKEN = Trouble("It is broken.", "at 10.0.0.7")


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Set when what hangs may go on."""
    goes_on = threading.Event()
    yield goes_on
    goes_on.set()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_part_that_hangs_is_reported_once_and_the_others_are_still_looked_at(hanging: threading.Event) -> None:
    looks = []

    def hang() -> None:
        looks.append(1)
        hanging.wait(60)

    watched = Health({"stuck": hang, "sound": lambda: None, "broken": lambda: BROKEN}, within=0.2, fresh_for=0)
    for _ in range(3):
        state = watched.state()
        assert state == {"stuck": Trouble("No answer within 0.2 seconds."), "sound": None, "broken": BROKEN}
    assert looks == [1], "it is not asked again before it has answered"
    hanging.set()
    for thread in threading.enumerate():
        if thread.name == "health-stuck":
            thread.join()
    assert watched.state()["stuck"] is None


def test_what_was_seen_is_remembered_for_some_seconds() -> None:
    looks: list[int] = []
    clock = Clock()
    watched = Health({"part": lambda: looks.append(1)}, fresh_for=5, clock=clock)
    for _ in range(3):
        watched.state()
    assert looks == [1]
    clock.now += 5
    watched.state()
    assert looks == [1, 1]


def test_changes_are_told_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    found: list[Trouble | None] = [None, BROKEN, BROKEN, None, None]
    watched = Health({"part": lambda: found.pop(0)}, fresh_for=0)
    with caplog.at_level(logging.INFO, logger="recordings.health"):
        while found:
            watched.state()
    assert caplog.messages == ["part: It is broken. at 10.0.0.7", "part: works again."]


def test_a_look_that_goes_wrong_is_trouble() -> None:
    def fail() -> None:
        raise ValueError("out of luck")

    assert Health({"part": fail}).state() == {
        "part": Trouble("Looking at it went wrong.", "ValueError: out of luck")
    }


# --- The portal's own parts ---------------------------------------------------------------------------------------


@pytest.fixture
def watched(db: None) -> Health:
    return Health({**health.PARTS, "migrations": health._Migrations()}, fresh_for=0, within=20)


def test_nothing_is_wrong_with_the_portal_of_the_tests(watched: Health) -> None:
    assert watched.state() == dict.fromkeys(health.PARTS)


def test_a_database_that_is_away(watched: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": str(free_ports(1)[0]),
        "NAME": "sortie",
        "USER": "sortie",
        "PASSWORD": "not-to-be-told",
        "OPTIONS": {"connect_timeout": 2},
    }
    everything = connections.configure_settings({"default": nowhere})
    monkeypatch.setattr(connections, "settings", everything)
    state = watched.state()
    for part in ("database", "migrations"):
        trouble = state[part]
        assert trouble is not None
        assert trouble.summary == "The database cannot be reached."
        assert "refused" in trouble.detail
        assert "not-to-be-told" not in str(trouble)


@pytest.mark.parametrize(
    ("missing", "said"), [(1, "1 migration is still to be run"), (3, "3 migrations are still to be run")]
)
def test_migrations_that_are_missing(
    watched: Health, monkeypatch: pytest.MonkeyPatch, missing: int, said: str
) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda executor, targets: [("one", False)] * missing)
    trouble = watched.state()["migrations"]
    assert trouble is not None
    assert trouble.summary == f"{said}: manage.py migrate."
    monkeypatch.undo()
    assert watched.state()["migrations"] is None


def test_a_store_that_is_away(watched: Health, local_settings: Path) -> None:
    local_settings.rmdir()
    local_settings.touch()
    trouble = watched.state()["store"]
    assert trouble is not None
    assert trouble.summary == "The store of recordings cannot be used."
    assert str(local_settings) in trouble.detail


def test_a_bucket_that_is_away(watched: Health, settings: Settings, s3_settings: object) -> None:
    settings.SORTIE_STAGING_BACKEND = "s3"
    assert watched.state()["staging"] is None
    settings.SORTIE_RECORDING_S3_BUCKET = f"none-{uuid4()}"
    for part in ("store", "staging"):
        trouble = watched.state()[part]
        assert trouble is not None
        assert settings.SORTIE_RECORDING_S3_BUCKET in trouble.detail
        assert settings.SORTIE_RECORDING_S3_BUCKET not in trouble.summary


def test_the_store_does_not_matter_where_nothing_is_recorded(
    watched: Health, settings: Settings, local_settings: Path
) -> None:
    local_settings.rmdir()
    local_settings.touch()
    settings.SORTIE_VIDEO_RECORDING_ENABLED = settings.SORTIE_TERMINAL_RECORDING_ENABLED = False
    assert watched.state()["store"] is None
    assert store_for("local").check()


def test_a_staging_folder_that_is_none(watched: Health, settings: Settings) -> None:
    (Path(settings.SORTIE_DATA) / "staging").touch()
    trouble = watched.state()["staging"]
    assert trouble is not None
    assert "SORTIE_DATA" in trouble.detail


def test_a_disk_that_is_full(watched: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **more: object) -> None:
        raise staging.DiskFull

    monkeypatch.setattr("recordings.ingest.staging.local.need_space", full)
    trouble = watched.state()["staging"]
    assert trouble is not None
    assert trouble.summary.startswith("The disk is full")


def test_a_broker_that_is_away(watched: Health, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:not-to-be-told@127.0.0.1:{free_ports(1)[0]}/0"
    trouble = watched.state()["broker"]
    assert trouble is not None
    assert trouble.summary == "The broker cannot be reached: work is done, but later."
    assert "not-to-be-told" not in str(trouble)
