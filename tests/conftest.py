"""Fixtures that more than one test file uses, and what a run leaves out on purpose."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from recordings import storage
from recordings.audit import Actor
from recordings.models import User, Webhook
from recordings.storage import RecordingStore
from recordings.webhooks import manage
from tests import environment
from tests import portal as portals
from tests.hooked import ALL, LOCAL
from tests.portal import Portal
from tests.receiver import Receiver, listening
from tests.services import S3Server

# Formats and recorder know no database, and stores and playback are tested with both stores in either profile.
PROFILE_FREE = (
    "capture/",
    "terminal/",
    "test_checks",
    "test_playback",
    "test_settings",
    "test_storage",
    "test_webm",
)

# Pages are the same whatever is behind them; what records, sends and plays is tried in both profiles.
IN_BOTH = ("browser/test_never_lost", "browser/test_pictures", "browser/test_player", "browser/test_record.py")


# Two halves of the time it takes: `outside` is what is done in a browser and with the recorder, `rest` the others.
OUTSIDE = ("browser/", "capture/")
PART = os.environ.get("SORTIE_TEST_PART", "all")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this profile could tell nothing new about: it is not skipped, as nothing is missing."""
    sorted_out: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        sorted_out[_is_for(environment.PROFILE, item)].append(item)
    if sorted_out[False]:
        config.hook.pytest_deselected(items=sorted_out[False])
        items[:] = sorted_out[True]


def _is_for(profile: str, item: pytest.Item) -> bool:
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    if PART != "all" and (PART == "outside") != place.startswith(OUTSIDE):
        return False
    if place.startswith(PROFILE_FREE) or (place.startswith("browser/") and not place.startswith(IN_BOTH)):
        return profile == "single"
    marker = item.get_closest_marker("only")
    return marker is None or profile in marker.args


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    # In CI everything is there that a test could need, so one that is skipped is one that failed.
    if os.environ.get("CI") == "true" and exitstatus == 0 and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if counts := os.environ.get("SORTIE_TEST_COUNTS"):
        kinds = ("failed", "error", "passed", "skipped", "xfailed", "xpassed")
        Path(counts).write_text(json.dumps({kind: len(reporter.stats.get(kind, ())) for kind in kinds}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """A test whose transactions are its own leaves its connection open, and the next one may have to do without."""
    yield
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Empty folders and an empty store for each test."""
    settings.SORTIE_DATA = tmp_path / "sortie-data"
    settings.SORTIE_DATA.mkdir(mode=0o700)
    settings.SORTIE_RECORDING_STORAGE_PATH = settings.SORTIE_DATA / "recordings"
    if environment.PROFILE == "single":
        yield
        return
    # One client for the whole run: making another costs more than emptying the bucket.
    bucket = storage.store_for("s3")
    yield
    left = [stored.key for stored in bucket.keys()]  # noqa: SIM118  (it is no dictionary)
    if left:
        bucket.delete(left)


@pytest.fixture
def alice(db: None) -> User:
    """The owner of whatever a test is about."""
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    """A stranger to it."""
    return User.objects.create_user("bob")


@pytest.fixture
def ada(db: None) -> User:
    """An admin."""
    return User.objects.create_user("ada", is_staff=True, is_superuser=True)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    if environment.PROFILE == "many":
        yield environment.servers().s3
        return
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


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    """The portal's real processes, shared by all tests that leave them as they were."""
    with portals.running() as started:
        yield started


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """What webhooks of this machine, which are allowed, tell."""
    settings.SORTIE_WEBHOOK_NETWORKS = LOCAL
    with listening() as started_one:
        yield started_one


@pytest.fixture
def hook(receiver: Receiver, ada: User) -> Webhook:
    """It is told everything, at an address with a query."""
    return manage.add(f"{receiver.url}/in?from=sortie", ALL, Actor(ada))[0]
