"""Uploads while things die: what was acknowledged is there in the end, once, and with the bytes that were sent."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256

import httpx
import pytest

from tests import environment
from tests import portal as portals
from tests.portal import Portal
from tests.services import S3Server
from tests.waiting import until
from tests.webm_samples import looped, samples

CLIENTS, KILLS = 4, int(os.environ.get("SORTIE_TEST_KILLS", "10"))
# As if the minute had gone by after which the work of a dead process is free.
LET_LEASES_END = """
from django.utils import timezone
from recordings.models import Job
Job.objects.update(lease_until=timezone.now(), run_after=timezone.now())
"""
LEFT = """
from recordings.models import AuditEvent, Job, Recording, Upload
from recordings.storage import current_store
# Pictures come later, and finished uploads stay a while to be asked about.
print(Job.objects.filter(kind="finish").count(), Upload.objects.filter(finished_at=None).count(),
      sum(found.key.endswith(".webm") for found in current_store().keys()),
      Recording.objects.filter(status="ready").count(), AuditEvent.objects.filter(action="upload").count())
"""


@dataclass
class Sent:
    """What clients were told: every recording they began, and those whose bytes they need not keep any more."""

    begun: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)


@dataclass
class Crowd:
    """Clients that upload one recording after the other, each until somebody says that it has arrived."""

    portal: Portal
    body: bytes
    sent: Sent = field(default_factory=Sent)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def uploading(self) -> Iterator[Sent]:
        with ExitStack() as signed_in, ThreadPoolExecutor(CLIENTS) as pool:
            people = [signed_in.enter_context(self.portal.client("alice")) for _ in range(CLIENTS)]
            clients = [pool.submit(self._go_on, person) for person in people]
            try:
                yield self.sent
            finally:
                self.over.set()
            for client in clients:
                client.result()

    def _go_on(self, client: httpx.Client) -> None:
        while not self.over.is_set():
            self._upload_one(client)

    def _upload_one(self, client: httpx.Client) -> None:
        session = patiently(lambda: client.post("/api/sessions", json={"app_id": "kill"})).json()["id"]
        begun = patiently(lambda: client.post(f"/api/sessions/{session}/recording/start")).json()["recording_id"]
        self.sent.begun.add(begun)

        def send() -> httpx.Response:
            return client.post(
                f"/api/sessions/{session}/recording/upload",
                data={"recording_id": begun},
                files={"file": ("screen.webm", self.body)},
            )

        assert patiently(send).json()["status"] in ("ready", "uploading")
        self.sent.acknowledged.add(begun)


def patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask again for as long as nobody answers. What is answered must be good."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return ask().raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < deadline, "The portal did not come back."
            time.sleep(0.05)


def all_is_there(portal: Portal, sent: Sent, body: bytes) -> bool:
    """Every recording that was acknowledged is ready, once, and what comes back is what was sent."""
    assert sent.acknowledged
    portal.manage("shell", "-v0", "-c", LET_LEASES_END)
    with portal.client("alice") as client:
        until(lambda: sent.acknowledged <= ready(client), within=90)
        for pk in sent.acknowledged:
            answer = client.get(f"/api/recordings/{pk}/download?original=1")
            assert sha256(answer.content).digest() == sha256(body).digest()
    until(lambda: portal.manage("shell", "-v0", "-c", LEFT).split()[:2] == ["0", "0"], within=90)
    _, _, objects, finished, uploads = map(int, portal.manage("shell", "-v0", "-c", LEFT).split())
    assert objects == finished == uploads == len(sent.acknowledged)
    return True


def ready(client: httpx.Client) -> set[str]:
    rows = client.get("/api/recordings", params={"limit": 500, "status": "ready"}).json()
    return {row["id"] for row in rows}


def kill(portal: Portal) -> None:
    """End the web process and the one that serves for it, in the middle of whatever they do."""
    web = portal.processes["web"]
    found = subprocess.run(["pgrep", "-P", str(web.pid)], capture_output=True, text=True)
    for pid in found.stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    web.kill()


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("long") / "long.webm"
    looped(samples()["busy"], path, size=3_000_000)
    return path.read_bytes()


def test_web_processes_may_be_killed_while_uploads_run(body: bytes) -> None:
    chance = random.Random(7)
    with portals.running() as portal:
        crowd = Crowd(portal, body)
        with crowd.uploading() as sent:
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.1, 0.6))
                kill(portal)
                portal.processes["web"].start()
        assert all_is_there(portal, sent, body)
        assert sent.begun == sent.acknowledged


def test_a_store_may_be_away_while_uploads_run(body: bytes) -> None:
    with store_of_its_own() as (portal, take_away, bring_back):
        crowd = Crowd(portal, body)
        with crowd.uploading() as sent:
            until(lambda: len(sent.acknowledged) >= 3, within=60)
            take_away()
            before = len(sent.acknowledged)
            until(lambda: len(sent.acknowledged) >= before + 6, within=90)
        bring_back()
        assert all_is_there(portal, sent, body)


@contextmanager
def store_of_its_own() -> Iterator[tuple[Portal, Callable[[], None], Callable[[], None]]]:
    """A portal, how to take its store away, and how to bring it back."""
    if environment.PROFILE == "many":
        with S3Server() as s3, portals.running(**s3.environment()) as portal:
            yield portal, s3.kill, s3.start
        return
    with portals.running() as portal:
        folder, hidden = portal.data / "recordings", portal.data / "hidden"

        def take_away() -> None:
            folder.rename(hidden)
            folder.touch()

        def bring_back() -> None:
            folder.unlink()
            hidden.rename(folder)

        yield portal, take_away, bring_back


@pytest.mark.only("many")
def test_the_broker_and_the_workers_may_be_killed_while_uploads_run(body: bytes) -> None:
    with portals.running() as portal:
        assert portal.redis is not None
        crowd = Crowd(portal, body)
        with crowd.uploading() as sent:
            for name in ("worker", "beat"):
                portal.processes[name].kill()
            portal.redis.kill()
            before = len(sent.acknowledged)
            until(lambda: len(sent.acknowledged) >= before + 10, within=90)
        portal.redis.start()
        for name in ("worker", "beat"):
            portal.processes[name].start()
        assert all_is_there(portal, sent, body)
