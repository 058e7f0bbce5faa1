"""The environment the tests run in. A profile says which database, store and broker.

    single  SQLite, local disk, a worker in the web process: what `make run` starts
    many    PostgreSQL, S3, Redis: what a cluster runs

SORTIE_TEST_PROFILE names it. The servers of `many` are started before Django reads its settings, as these hold
their addresses, and end with the test run.
"""

import atexit
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.services import Postgres, Redis, S3Server, Server

PROFILE = os.environ.get("SORTIE_TEST_PROFILE", "single")


@dataclass(frozen=True)
class Servers:
    """What the portal's processes share where there are many."""

    postgres: Postgres
    redis: Redis
    s3: S3Server

    def environment(self) -> dict[str, str]:
        """What makes a portal use them."""
        return {
            "DATABASE_URL": self.postgres.url("sortie"),
            "REDIS_URL": self.redis.url,
            **self.s3.environment(),
        }


_started: list[Servers] = []


def servers() -> Servers:
    """The servers of this test run, started when first asked for."""
    if not _started:
        three = Servers(Postgres(), Redis(), S3Server())
        everyone: tuple[Server, ...] = (three.postgres, three.redis, three.s3)
        for server in everyone:
            atexit.register(server.__exit__, None, None, None)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: server.start(), everyone))
        _started.append(three)
    return _started[0]


def prepare() -> None:
    """Set what `sortie.settings` reads, unless the caller's environment already says otherwise."""
    if "SORTIE_DATA" not in os.environ:
        data = Path(tempfile.mkdtemp(prefix="sortie-tests-"))
        atexit.register(shutil.rmtree, data, ignore_errors=True)
        os.environ["SORTIE_DATA"] = str(data)
    if PROFILE == "many" and "DATABASE_URL" not in os.environ:
        os.environ.update(servers().environment())
    for name, value in {
        "SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789",
        "SORTIE_RECORDING_STORAGE_PATH": "recordings",
        "SORTIE_VIDEO_RECORDING_ENABLED": "true",
        "SORTIE_TERMINAL_RECORDING_ENABLED": "true",
        "SORTIE_HTTPS": "false",
    }.items():
        os.environ.setdefault(name, value)
