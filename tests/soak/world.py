"""A portal with servers of its own, uploading clients, and a look at what is left when all is over."""

import json
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from tests import portal as portals
from tests.browser import desktop as desktops
from tests.browser.desktop import PASSWORD, Desktop
from tests.portal import Portal, Process
from tests.services import Postgres, Redis, S3Server
from tests.soak.uploader import Account, Ledger, Uploader, noise
from tests.stagings import small_disk

CLIENTS = 6
ADMIN = "ada"
CAST = ("alice", "bob", ADMIN)
PICTURES = """
import json
from recordings.models import Picture
print(json.dumps([str(pk) for pk in Picture.objects.values_list("recording_id", flat=True)]))
"""
END_LEASES = """
from recordings.models import Job
from django.utils import timezone
Job.objects.update(lease_until=timezone.now(), run_after=timezone.now())
"""


@dataclass
class World:
    """The portal, those of its servers that are its own, the disk it stages on if that is a small one, and the
    desktop that is recorded if there is one."""

    portal: Portal
    accounts: list[Account]
    postgres: Postgres | None = None
    redis: Redis | None = None
    s3: S3Server | None = None
    small: Path | None = None
    desktop: Desktop | None = None
    ledger: Ledger = field(default_factory=Ledger)

    def web(self) -> Process:
        return self.portal.processes["web"]

    def kill(self, name: str) -> None:
        """End one of the portal's programs, and all processes it has begun, at once."""
        process = self.portal.processes[name]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()

    def fresh(self) -> None:
        """Forget what clients were told up to now; programs that were ended run again."""
        self.ledger = Ledger()
        for server in (self.postgres, self.redis, self.s3):
            if server is not None:
                server.start_if_ended()
        for process in self.portal.processes.values():
            process.start_if_ended()

    @contextmanager
    def uploads(self, make: Callable[[int], bytes] = noise, *, through: str = "") -> Iterator[None]:
        """Six clients that upload for as long as the block lasts, and then finish what they have begun."""
        enough = threading.Event()
        clients = [self.client(number, through=through) for number in range(CLIENTS)]
        threads = [threading.Thread(target=client.run, args=(enough, make), daemon=True) for client in clients]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            enough.set()
            for thread in threads:
                thread.join(timeout=300)
            if any(thread.is_alive() for thread in threads):
                self.ledger.complaints.append("A client did not come to its end.")

    def client(self, number: int, *, through: str = "") -> Uploader:
        account = self.accounts[number % len(self.accounts)]
        return Uploader(number, self.portal.url, account, self.ledger, through=through)

    def look(self) -> "Left":
        """What an admin is told of everybody's recordings."""
        with self.portal.client(ADMIN) as client:
            return everything(client)

    def pictures(self) -> Counter[str]:
        """How many pictures each recording has."""
        return Counter(json.loads(self.portal.manage("shell", "-v0", "-c", PICTURES).splitlines()[-1]))

    def settle(self, done: Callable[[], bool], *, within: float, hurry: bool = False) -> None:
        """Wait until `done`. With `hurry` the leases of processes that were killed end at once, not in a minute."""
        deadline = time.monotonic() + within
        if hurry and not done():
            self.portal.manage("shell", "-v0", "-c", END_LEASES)
        while not done() and time.monotonic() < deadline:
            time.sleep(0.5)


@dataclass(frozen=True)
class Left:
    """Status and SHA-256 of recordings, by id."""

    status: dict[str, str]
    sha256: dict[str, str]

    def ready(self, recordings: set[str]) -> bool:
        return all(self.status.get(pk) == "ready" for pk in recordings)

    def differing(self, sent: dict[str, str]) -> list[str]:
        """Recordings that are not ready, or not what was sent."""
        return [pk for pk, digest in sent.items() if self.sha256.get(pk) != digest or self.status[pk] != "ready"]

    def twice(self, sent: dict[str, str]) -> int:
        """Recordings more than one for what was sent once."""
        digests = [digest for digest in self.sha256.values() if digest in set(sent.values())]
        return len(digests) - len(set(digests))


def everything(client: httpx.Client) -> Left:
    """What an admin's client is told of everybody's recordings."""
    status, sha256 = {}, {}
    address: str | None = "/api/admin/recordings?limit=500"
    while address:
        answer = client.get(address).raise_for_status()
        for recording in answer.json():
            status[recording["id"]], sha256[recording["id"]] = recording["status"], recording["sha256"]
        address = answer.links.get("next", {}).get("url")
    return Left(status, sha256)


@contextmanager
def alone() -> Iterator[World]:
    """A portal that is one process."""
    with portals.running("single") as portal:
        yield World(portal, _accounts(portal))


@contextmanager
def cluster() -> Iterator[World]:
    """A portal of several processes, and servers of its own that may be ended."""
    with Postgres() as postgres, S3Server() as s3:
        settings = {**s3.environment(), "DATABASE_URL": postgres.create_database("soak")}
        # As it comes, and not as for other tests: what was committed survives.
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("ALTER DATABASE soak SET synchronous_commit = on")
        with portals.running("many", SORTIE_RECORDING_S3_PREFIX="recordings/", **settings) as portal:
            yield World(portal, _accounts(portal), postgres, portal.redis, s3)


@contextmanager
def on_a_small_disk(megabytes: int = 64) -> Iterator[World]:
    """A portal that is one process and stages on a disk of that size, which only root can make."""
    with tempfile.TemporaryDirectory(prefix="sortie-small-") as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        with (
            small_disk(data / "staging", megabytes) as small,
            portals.running("single", SORTIE_DATA=str(data)) as portal,
        ):
            yield World(portal, _accounts(portal), small=small)


@contextmanager
def with_a_desktop() -> Iterator[World]:
    """A portal that is one process beside the one for WebSockets, and a desktop on which something moves."""
    with desktops.running(password=PASSWORD) as desktop, portals.running_live("single") as portal:
        yield World(portal, _accounts(portal), desktop=desktop)


def _accounts(portal: Portal) -> list[Account]:
    return [_account(portal, name) for name in CAST]


def _account(portal: Portal, name: str) -> Account:
    with portal.client(name) as client:
        session = client.post("/api/sessions", json={"app_id": "soak"}).raise_for_status().json()["id"]
        return Account(client.headers["Authorization"].removeprefix("Bearer "), session)


def is_answering(portal: Portal) -> bool:
    """Whether a page is served, and soon."""
    with suppress(httpx.TransportError):
        return httpx.get(f"{portal.url}/login", timeout=2).status_code == 200
    return False
