"""The portal's processes: background work is done, survives their loss, and they end when told to."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from tests import environment, tus_client
from tests import portal as portals
from tests.making import webm
from tests.portal import ROOT, Portal
from tests.waiting import until
from tests.webm_samples import looped, samples

RING = (
    "import time; from recordings import jobs; "
    "begun = time.monotonic(); jobs.ring(); print(time.monotonic() - begun)"
)
PARTS = (
    "from django.db import connection; from django.conf import settings; "
    "print(connection.vendor, settings.SORTIE_RECORDING_STORAGE_BACKEND)"
)
# More than there are connections in the pool to the database.
SLOW_CLIENTS = 40
SILENT = (
    "from recordings.models import Recording; from django.utils import timezone; "
    "print(Recording.objects.update(lease_until=timezone.now()))"
)


@pytest.fixture(scope="module")
def whole() -> Iterator[Portal]:
    with portals.running_live() as started:
        yield started


@pytest.fixture
def own(whole: Portal) -> Iterator[Portal]:
    """A portal whose processes a test may end; they run again afterwards."""
    yield whole
    if whole.redis is not None:
        whole.redis.start_if_ended()
    for process in whole.processes.values():
        process.start_if_ended()


def begin(client: httpx.Client) -> str:
    """A recording that nothing was sent for."""
    session = client.post("/api/sessions", json={"app_id": "test"}).json()["id"]
    return str(client.post(f"/api/sessions/{session}/recording/start").json()["recording_id"])


def status(client: httpx.Client, recording: str) -> str:
    return str(client.get(f"/api/recordings/{recording}").json()["status"])


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")


def test_what_went_silent_is_ended_in_the_background(portal: Portal) -> None:
    with portal.client("alice") as client:
        recording = begin(client)
        portal.manage("shell", "-c", SILENT)
        until(lambda: status(client, recording) == "failed", within=20)


def test_the_passwords_of_the_cast(portal: Portal) -> None:
    answer = httpx.post(f"{portal.url}/api/auth/login", json={"username": "alice", "password": "wrong"})
    assert answer.status_code == 401
    with portal.client("ada") as client:
        assert client.get("/api/admin/recordings").status_code == 200


@pytest.mark.only("many")
def test_losing_worker_beat_and_broker_costs_time_and_no_work(own: Portal) -> None:
    with own.client("alice") as client:
        assert own.redis is not None
        for name in ("worker", "beat"):
            own.processes[name].kill()
        own.redis.kill()
        recording = begin(client)
        own.manage("shell", "-c", SILENT)
        own.redis.start()
        for name in ("worker", "beat"):
            own.processes[name].start()
        until(lambda: status(client, recording) == "failed", within=30)


@pytest.mark.only("many")
@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_a_broker_that_is_away_delays_no_message_by_much_and_recovers(own: Portal, fault: str) -> None:
    with own.client("alice") as client:
        assert own.redis is not None
        getattr(own.redis, fault)()
        for _ in range(2):
            assert float(own.manage("shell", "-v0", "-c", RING).split()[-1]) < 1.5
        if fault == "kill":
            own.redis.start()
        else:
            own.redis.thaw()
        recording = begin(client)
        own.manage("shell", "-c", SILENT)
        until(lambda: status(client, recording) == "failed", within=40)


def test_the_web_process_is_replaced_when_it_dies(own: Portal) -> None:
    with own.client("alice") as client:
        [worker] = children(own.processes["web"].pid)
        os.kill(worker, signal.SIGKILL)

        def answers() -> bool:
            try:
                return client.get("/api/recordings").status_code == 200
            except httpx.TransportError:
                return False

        until(lambda: children(own.processes["web"].pid) not in ([], [worker]) and answers(), within=20)


@pytest.mark.parametrize("name", ["web", "live"])
def test_the_serving_process_ends_with_its_parent(own: Portal, name: str) -> None:
    process = own.processes[name]
    workers = children(process.pid)
    assert workers
    process.kill()
    until(lambda: not any(map(alive, workers)), within=40)


def test_an_upload_in_hand_is_taken_before_the_process_ends(own: Portal) -> None:
    with own.client("alice") as client:
        recording = begin(client)
        session = client.get(f"/api/recordings/{recording}").json()["session_id"]
        form = client.build_request(
            "POST",
            f"/api/sessions/{session}/recording/upload",
            data={"recording_id": recording},
            files={"file": ("screen.webm", webm())},
        )
        whole = form.read()
        connection = http.client.HTTPConnection(form.url.host, form.url.port, timeout=30)
        connection.putrequest("POST", form.url.path, skip_host=True, skip_accept_encoding=True)
        for name, value in form.headers.items():
            connection.putheader(name, value)
        connection.endheaders(whole[:1000])
        time.sleep(0.5)
        os.kill(own.processes["web"].pid, signal.SIGTERM)
        time.sleep(0.5)
        connection.send(whole[1000:])
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b'{"status":"ready"}')
        until(lambda: not alive(own.processes["web"].pid), within=10)


@pytest.mark.only("single")
def test_an_address_that_is_not_ours_is_named(own: Portal) -> None:
    with pytest.raises(RuntimeError) as failed:
        portals.run_python({**own.variables, "SORTIE_HOST": "192.0.2.1"}, "-m", "sortie.web")
    assert "cannot be used: Cannot assign requested address." in str(failed.value)
    assert "Traceback" not in str(failed.value)


def test_profiles_are_what_they_say(portal: Portal) -> None:
    expected = {"single": "sqlite local", "many": "postgresql s3"}[environment.PROFILE]
    assert portal.manage("shell", "-v0", "-c", PARTS).strip() == expected


def connect(client: httpx.Client, method: str, path: str, **headers: str) -> http.client.HTTPConnection:
    """A connection that has sent the head of a request, and no more."""
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port or 80, timeout=30)
    connection.putrequest(method, path)
    for name, value in {"Authorization": client.headers["Authorization"], **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def assert_quick(client: httpx.Client) -> None:
    time.sleep(1)
    begun = time.monotonic()
    for _ in range(5):
        assert client.get("/api/recordings").status_code == 200
    assert time.monotonic() - begun < 5


def test_uploads_that_stall_leave_room_for_others(own: Portal) -> None:
    with own.client("alice") as client, ExitStack() as stalled:
        session = client.post("/api/sessions", json={"app_id": "test"}).json()["id"]
        for _ in range(SLOW_CLIENTS):
            recording = client.post(f"/api/sessions/{session}/recording/start").json()["recording_id"]
            connection = connect(
                client,
                "POST",
                f"/api/sessions/{session}/recording/upload?recording_id={recording}",
                **{"Content-Type": "video/webm", "Content-Length": "1000000"},
            )
            stalled.enter_context(closing(connection))
            connection.send(webm()[:1000])
        assert_quick(client)


def test_pieces_that_stall_leave_room_for_others(own: Portal) -> None:
    with own.client("alice") as client, ExitStack() as stalled:
        tus = {"Tus-Resumable": tus_client.VERSION}
        piece = {**tus, "Content-Type": tus_client.PIECE, "Content-Length": "1000000"}
        for number in range(SLOW_CLIENTS):
            if number % 2:
                begun = client.post(tus_client.UPLOADS, headers={**tus, "Upload-Length": "2000000"})
                path = begun.raise_for_status().headers["Location"].removeprefix(own.url)
                connection = connect(client, "PATCH", path, **{**piece, "Upload-Offset": "0"})
            else:
                connection = connect(client, "POST", tus_client.UPLOADS, **{**piece, "Upload-Length": "2000000"})
            stalled.enter_context(closing(connection))
            connection.send(webm()[:1000])
        assert_quick(client)


def test_downloads_that_stall_leave_room_for_others(own: Portal, tmp_path: Path) -> None:
    with own.client("alice") as client, ExitStack() as stalled:
        session = client.post("/api/sessions", json={"app_id": "test"}).json()["id"]
        recording = client.post(f"/api/sessions/{session}/recording/start").json()["recording_id"]
        # More than the sockets of a connection hold.
        looped(samples()["busy"], tmp_path / "long.webm", size=16_000_000)
        with (tmp_path / "long.webm").open("rb") as file:
            answer = client.post(
                f"/api/sessions/{session}/recording/upload",
                data={"recording_id": recording},
                files={"file": ("long.webm", file)},
            )
        assert answer.json() == {"status": "ready"}
        for _ in range(SLOW_CLIENTS):
            connection = connect(client, "GET", f"/api/recordings/{recording}/download?original=1")
            stalled.enter_context(closing(connection))
            assert connection.getresponse().status == 200
        assert_quick(client)


ORPHAN = """
import multiprocessing, signal, time
from sortie import web

def serve():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    web.become_worker()
    print(multiprocessing.current_process().pid, flush=True)
    time.sleep(600)

web.STOP_WITHIN = 0.5
multiprocessing.get_context("fork").Process(target=serve).start()
"""


@pytest.mark.only("single")
def test_a_worker_that_did_not_hear_of_the_end_of_its_parent_ends_too() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHAN], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    until(lambda: not alive(worker), "the end of the worker")
