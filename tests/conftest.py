"""Fixtures that more than one test file uses."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from recordings import storage
from recordings.storage import RecordingStore
from tests.services import S3Server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def s3_settings(settings: Settings, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The portal set up for the S3 server, below a prefix that no other test uses."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
        if name.startswith("SORTIE_"):
            setattr(settings, name, value)
    settings.SORTIE_RECORDING_S3_PREFIX = f"test-{secrets.token_hex(6)}/recordings/"
    return s3_server


@pytest.fixture
def local_settings(settings: Settings, tmp_path: Path) -> Path:
    """The portal set up to store in an own, empty folder, which it returns."""
    folder = tmp_path / "stored"
    folder.mkdir(mode=0o700)
    settings.SORTIE_RECORDING_STORAGE_BACKEND = "local"
    settings.SORTIE_RECORDING_STORAGE_PATH = folder
    return folder


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest) -> RecordingStore:
    """Each of the stores in turn, empty."""
    request.getfixturevalue(f"{request.param}_settings")
    return storage.current_store()
