"""/healthz, /readyz and /metrics: what they tell, to whom, and that they do so in every process."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from recordings import health, tasks
from recordings.health import Health, Trouble
from recordings.models import Job, JobKind, Recording, Upload, User
from recordings.overview import measure
from tests import environment
from tests import portal as portals
from tests.making import api, browser, started, upload, webm
from tests.portal import Portal
from tests.tus_client import Tus
from tests.waiting import until

TOKEN = "a-token-for-the-metrics"
PARTS = {"database", "migrations", "store", "staging", "broker"}


@pytest.fixture
def troubles(monkeypatch: pytest.MonkeyPatch, db: None) -> dict[str, Trouble | None]:
    """What is wrong with each part, to be changed by a test."""
    found: dict[str, Trouble | None] = dict.fromkeys(health.PARTS)
    looks = {name: lambda name=name: found[name] for name in found}
    monkeypatch.setattr(health, "portal", Health(looks, fresh_for=0))
    monkeypatch.setattr("recordings.figures.FRESH_FOR", 0.0)
    return found


@pytest.fixture
def stranger() -> Client:
    """Somebody who calls the portal by an address that is none of its names, as an orchestrator does."""
    return Client(headers={"Host": "10.1.2.3:8000"}, raise_request_exception=False)


def test_alive_is_whoever_can_say_so(stranger: Client) -> None:
    told = stranger.get("/healthz")
    assert (told.status_code, told.content, told["Cache-Control"]) == (200, b"ok\n", "no-store")


def test_ready_when_nothing_is_wrong(stranger: Client, troubles: dict[str, Trouble | None]) -> None:
    told = stranger.get("/readyz")
    assert (told.status_code, told.json()) == (200, {"status": "ready", "parts": dict.fromkeys(PARTS, "ok")})


def test_what_is_wrong_is_told_in_words_and_where_only_to_operators(
    stranger: Client, troubles: dict[str, Trouble | None], settings: Settings
) -> None:
    settings.SORTIE_METRICS_TOKEN = TOKEN
    troubles["store"] = Trouble("The store cannot be used.", "bucket-7 says no.")
    told = stranger.get("/readyz")
    assert told.status_code == 503
    assert told.json()["status"] == "not ready"
    assert told.json()["parts"]["store"] == "The store cannot be used."
    operator = stranger.get("/readyz", headers={"Authorization": f"Bearer {TOKEN}"})
    assert operator.json()["parts"]["store"] == "The store cannot be used. bucket-7 says no."


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 503),
        ("?exclude=store", 503),
        ("?exclude=store&exclude=broker", 200),
        ("?exclude=broker&exclude=store&exclude=staging", 200),
        ("?exclude=database&exclude=migrations", 503),
    ],
)
def test_parts_can_be_left_out_of_the_verdict(
    stranger: Client, troubles: dict[str, Trouble | None], query: str, status: int
) -> None:
    troubles["store"] = troubles["broker"] = Trouble("It is away.")
    told = stranger.get(f"/readyz{query}")
    assert told.status_code == status
    assert told.json()["parts"]["store"] == "It is away.", "and they are told all the same"


def test_strangers_learn_no_figures(alice: User, ada: User, settings: Settings, stranger: Client) -> None:
    settings.SORTIE_METRICS_TOKEN = TOKEN
    tries = [
        stranger.get("/metrics"),
        stranger.get("/metrics", headers={"Authorization": "Bearer wrong"}),
        stranger.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"}),
        api(alice).get("/metrics"),
        browser(ada).get("/metrics"),
    ]
    assert [(told.status_code, told["WWW-Authenticate"]) for told in tries] == [(401, 'Bearer realm="Sortie"')] * 5
    assert not any("sortie_" in told.content.decode() for told in tries)  # type: ignore[attr-defined]
    assert api(ada).get("/metrics").status_code == 200
    assert stranger.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.django_db
def test_no_token_is_no_key(settings: Settings, stranger: Client) -> None:
    settings.SORTIE_METRICS_TOKEN = ""
    for sent in ("Bearer ", "Bearer", ""):
        assert stranger.get("/metrics", headers={"Authorization": sent}).status_code == 401


def figures(text: str) -> dict[str, float]:
    """Value by name and labels, as Prometheus reads them."""
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


class Counted:
    """What has been counted since this was made."""

    def __init__(self, ada: User) -> None:
        self._client = api(ada)
        self._before = self._read()

    def _read(self) -> dict[str, float]:
        return figures(self._client.get("/metrics").content.decode())

    def __call__(self, name: str) -> float:
        return self._read().get(name, 0.0) - self._before.get(name, 0.0)


def test_requests_bytes_jobs_and_sweeps_are_counted(
    alice: User, ada: User, troubles: dict[str, Trouble | None]
) -> None:
    counted = Counted(ada)
    recording = started(alice)
    assert upload(api(alice), recording).status_code == 200
    assert browser(alice).get("/nothing/here").status_code == 404
    tasks.sweep()
    uploads = "method=POST route=api:recording-upload"
    assert counted(f"sortie_http_requests_total {uploads} status=200") == 1
    assert counted(f"sortie_http_request_duration_seconds_count {uploads}") == 1
    assert counted("sortie_http_requests_total method=GET route=none status=404") == 1
    assert counted("sortie_upload_received_bytes_total") == len(webm())
    assert counted("sortie_jobs_worked_total kind=finish outcome=done") == 1
    assert counted("sortie_sweeps_total outcome=done task=sweep") == 1


def test_resumable_uploads_and_what_fails_are_counted(
    alice: User, ada: User, troubles: dict[str, Trouble | None]
) -> None:
    counted = Counted(ada)
    tus = Tus(api(alice))
    address = tus.begun(len(webm()))
    assert counted("sortie_uploads_open live=false state=active") == 1
    tus.patch(address, 0, webm()[:1000])
    assert counted("sortie_upload_received_bytes_total") == 1000
    Upload.objects.update(lease_until=timezone.now())
    assert counted("sortie_uploads_open live=false state=silent") == 1
    tus.delete(address)
    assert counted("sortie_recording_failures_total reason=cancelled") == 1
    silent = started(alice)
    Recording.objects.filter(pk=silent.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    assert counted("sortie_recording_failures_total reason=nothing came") == 1
    assert counted("sortie_recordings_unfinished status=failed") == 2


def test_the_age_of_work_shows_that_nobody_does_it(
    alice: User, ada: User, troubles: dict[str, Trouble | None]
) -> None:
    counted = Counted(ada)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Job.objects.create(kind=JobKind.PICTURES, recording=started(alice), created_at=an_hour_ago)
    Job.objects.create(kind=JobKind.FINISH, recording=started(alice), attempts=5)
    measure(timezone.now())
    assert counted("sortie_job_age_seconds kind=pictures") == pytest.approx(3600, abs=30)
    assert counted("sortie_job_age_seconds kind=finish") == 0, "one that was given up waits for a person"
    assert counted("sortie_jobs kind=finish state=given_up") == 1
    assert counted("sortie_jobs kind=pictures state=due") == 1
    assert counted("sortie_recordings_kept") == 2


def test_figures_are_there_without_a_database(
    stranger: Client, troubles: dict[str, Trouble | None], settings: Settings
) -> None:
    settings.SORTIE_METRICS_TOKEN = TOKEN
    troubles["database"] = Trouble("The database cannot be reached.")
    text = stranger.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    known = figures(text)
    assert known["sortie_part_up part=database"] == 0
    assert known["sortie_part_up part=store"] == 1
    assert "sortie_sweeps_total" in text
    assert "sortie_uploads_open" not in text


# --- Real processes -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> Iterator[Portal]:
    settings = {"SORTIE_WEB_WORKERS": "2", "SORTIE_LOG_FORMAT": "json", "SORTIE_METRICS_TOKEN": TOKEN}
    with portals.running_live(**settings) as started:
        until(lambda: all(answers(address) for address in started.probes().values()))
        yield started


def answers(address: str, path: str = "/healthz", *, status: int = 200) -> bool:
    try:
        return httpx.get(f"{address}{path}", timeout=30).status_code == status
    except httpx.TransportError:
        return False


def scrape(address: str) -> dict[str, float]:
    answer = httpx.get(f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    return figures(answer.raise_for_status().text)


def test_every_process_answers(whole: Portal) -> None:
    found = whole.probes()
    assert set(found) == ({"web", "live"} if environment.PROFILE == "single" else set(whole.processes))
    for address in found.values():
        assert httpx.get(f"{address}/healthz", timeout=30).text == "ok\n"
        # On a busy machine, or after the loss of a part, not at once.
        until(partial(is_whole, address))
        assert httpx.get(f"{address}/metrics", timeout=30).status_code == 401
        assert scrape(address)["sortie_part_up part=database"] == 1


def test_the_processes_of_one_server_count_together(whole: Portal) -> None:
    missing = "sortie_http_requests_total method=GET route=none status=404"
    before = scrape(whole.url).get(missing, 0)
    # Connections of their own, so that both processes get some.
    for number in range(20):
        assert httpx.get(f"{whole.url}/missing-{number}", timeout=30).status_code == 404
    assert {scrape(whole.url)[missing] for _ in range(5)} == {before + 20}


def test_lines_of_the_log_are_objects_and_tell_no_secrets(whole: Portal) -> None:
    with whole.client("alice") as client:
        answer = client.get("/api/recordings/00000000-0000-4000-8000-000000000000", params={"token": "a-secret"})
        assert answer.status_code == 404
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
        token = client.headers["Authorization"].split()[1]
    said = whole.processes["web"].log.read_text()
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    [line] = [line for line in lines if line.get("request_id") == answer.headers["X-Request-ID"]]
    assert line["recording_id"] == "00000000-0000-4000-8000-000000000000"
    assert re.fullmatch(r"[0-9a-f-]{36}", line["user_id"])
    assert (line["method"], line["status"], line["route"]) == ("GET", 404, "api:recording")
    for secret in (token, "a-secret", TOKEN, whole.variables["SECRET_KEY"]):
        assert secret not in said


def is_whole(address: str) -> bool:
    ready = httpx.get(f"{address}/readyz", timeout=30)
    return (ready.status_code, ready.json()["parts"]) == (200, dict.fromkeys(PARTS, "ok"))


def tells_of_the_broker(address: str) -> bool:
    """Of it, and not that another part took too long, as may be on a busy machine."""
    said = httpx.get(f"{address}/readyz", timeout=30).json()["parts"]
    return bool(said["broker"] == "The broker cannot be reached: work is done, but later.")


@pytest.mark.only("many")
def test_losing_the_broker_is_told_and_is_no_reason_to_send_nobody_here(whole: Portal) -> None:
    assert whole.redis is not None
    whole.redis.kill()
    try:
        for address in whole.probes().values():
            # Each worker of a process looks for itself, and believes for a moment what it saw last.
            until(partial(tells_of_the_broker, address))
            until(partial(answers, address, "/readyz", status=503))
            until(partial(answers, address, "/readyz?exclude=broker"))
    finally:
        whole.redis.start()
