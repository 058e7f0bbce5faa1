"""System checks: what they find, and that each says how to mend it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import checks
from pytest_django import Settings

from recordings.checks import check_local_store, check_object_store, check_settings


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    pretended = SimpleNamespace(vendor="sqlite")
    monkeypatch.setattr("recordings.checks.connection", pretended)
    return pretended


@pytest.fixture(autouse=True)
def sound(settings: Settings, tmp_path: Path, database: SimpleNamespace) -> None:
    """Settings of one machine that no check has anything to say about."""
    settings.REDIS_URL = ""
    settings.SORTIE_IN_PROCESS_WORKER = True
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    settings.DEBUG = False
    settings.SORTIE_HTTPS = False
    settings.SORTIE_DATA = tmp_path
    settings.SORTIE_RECORDING_STORAGE_BACKEND = "local"
    settings.SORTIE_RECORDING_STORAGE_PATH = tmp_path / "recordings"


def found() -> list[str | None]:
    messages = [*check_settings(app_configs=None), *check_local_store(app_configs=None)]
    assert all(message.hint or message.id == "sortie.E003" for message in messages)
    return [message.id for message in messages]


def test_nothing_is_found_where_nothing_is_wrong(settings: Settings, database: SimpleNamespace) -> None:
    assert found() == []
    settings.REDIS_URL, settings.SORTIE_IN_PROCESS_WORKER, database.vendor = "redis://r", False, "postgresql"
    settings.ALLOWED_HOSTS, settings.SORTIE_HTTPS = ["sortie.example.com"], True
    assert found() == []


def test_nobody_to_do_the_work(settings: Settings) -> None:
    settings.SORTIE_IN_PROCESS_WORKER = False
    assert found() == ["sortie.E001"]


def test_a_worker_in_every_web_process_beside_redis(settings: Settings, database: SimpleNamespace) -> None:
    settings.REDIS_URL, database.vendor = "redis://r", "postgresql"
    assert found() == ["sortie.W001"]


def test_sqlite_for_many_processes(settings: Settings) -> None:
    settings.REDIS_URL, settings.SORTIE_IN_PROCESS_WORKER = "redis://r", False
    assert found() == ["sortie.W002"]


def test_debug_where_others_can_see_it(settings: Settings) -> None:
    settings.DEBUG = True
    assert found() == []
    settings.ALLOWED_HOSTS, settings.SORTIE_HTTPS = ["localhost", "sortie.example.com"], True
    assert found() == ["sortie.W003"]


def test_plain_http_where_others_can_reach_it(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert found() == ["sortie.W004"]


def test_a_staging_folder_that_is_none(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "staging").touch()
    assert found() == ["sortie.E002"]


def test_a_folder_of_recordings_that_is_none(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "recordings").touch()
    assert found() == ["sortie.E003"]
    settings.SORTIE_VIDEO_RECORDING_ENABLED = settings.SORTIE_TERMINAL_RECORDING_ENABLED = False
    assert found() == []


def test_a_bucket_that_does_not_answer_is_found_on_request_only(settings: Settings) -> None:
    settings.SORTIE_RECORDING_STORAGE_BACKEND = "s3"
    settings.SORTIE_RECORDING_S3_BUCKET = "none"
    settings.SORTIE_RECORDING_S3_ENDPOINT = "http://127.0.0.1:1"
    assert found() == []
    assert [message.id for message in check_object_store(app_configs=None)] == ["sortie.E003"]
    assert check_object_store not in checks.registry.registry.get_checks()
    assert check_object_store in checks.registry.registry.get_checks(include_deployment_checks=True)
