"""Lines of the log: what they are about, and what they never tell."""

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from recordings import jobs, trace
from recordings.models import Job, JobKind, User
from sortie.logs import HIDDEN, Json, Line, Redaction
from tests.making import api, browser, ready, started
from tests.tus_client import Tus, recording

pytestmark = pytest.mark.only("single")

SECRET = "k7-the-secret-of-all"


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    """A thread keeps what its last request was about until the next one begins."""
    trace.begin()


@pytest.fixture
def written() -> Iterator["Written"]:
    """What is logged, as it would be written."""
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(Json((SECRET,)))
    loggers = [logging.getLogger(name) for name in ("sortie.requests", "recordings", "django.request")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    yield Written(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


class Written:
    def __init__(self, handler: "logging.StreamHandler[StringIO]") -> None:
        self._stream = handler.stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def lines(self, logger: str = "sortie.requests") -> list[dict[str, Any]]:
        every = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in every if line["logger"] == logger]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connecting to postgres://sortie:hunter2hunter2@db:5432/sortie", "hunter2hunter2"),
        ("redis://:pa%24sword@redis:6379/0 is away", "pa%24sword"),
        ("Authorization: Bearer 0f3a9c", "0f3a9c"),
        ("{'password': 'correct horse'}", "correct"),
        ("AWS_SECRET_ACCESS_KEY=abcdefgh", "abcdefgh"),
        ("GET https://s3/x?X-Amz-Credential=AKIA/1&X-Amz-Signature=deadbeef", "deadbeef"),
        ("csrftoken=q1w2e3r4; sessionid=1", "q1w2e3r4"),
        (f"whatever {SECRET} is", SECRET),
    ],
)
def test_secrets_are_hidden_wherever_they_come_from(text: str, secret: str) -> None:
    hidden = Redaction(SECRET)(text)
    assert secret not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8000/recordings/7 took 5 ms",
        "The token is not valid.",
        "mail@example.com wrote: s3://bucket/key",
        "Recording 0190b2 of session 7: the store is away",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redaction("", "short")(text) == text


def test_what_an_error_tells_is_hidden_too() -> None:
    try:
        raise ValueError(f"could not connect with {SECRET}")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "it failed", (), exc_info=sys.exc_info())
    for formatter in (Json((SECRET,)), Line((SECRET,))):
        said = formatter.format(record)
        assert "ValueError" in said
        assert SECRET not in said


def test_people_get_the_id_of_the_request_too() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 1, "it %s", ("failed",), None)
    with trace.about(request_id="r1"):
        assert Line().format(record).endswith(" ERROR x: it failed [r1]")
    assert Line().format(record).endswith(" ERROR x: it failed")


def test_a_request_is_told_with_who_and_what(alice: User, written: Written) -> None:
    seen = ready(alice)
    answer = browser(alice).get(f"/recordings/{seen.pk}")
    [line] = written.lines()
    assert line["request_id"] == answer["X-Request-ID"]
    assert (line["user_id"], line["recording_id"]) == (str(alice.pk), str(seen.pk))
    assert (line["message"], line["route"], line["address"]) == (
        f"GET /recordings/{seen.pk} 200",
        "player",
        "127.0.0.1",
    )
    assert line["time"].endswith("Z")


def test_a_piece_is_told_with_whose_it_is_though_nobody_is_looked_up(alice: User, written: Written) -> None:
    tus = Tus(api(alice))
    address = tus.begun(len(recording()))
    tus.patch(address, 0, recording()[:500])
    line = written.lines()[-1]
    assert (line["method"], line["user_id"], line["received_bytes"]) == ("PATCH", str(alice.pk), 500)
    assert line["upload_id"] == address.rpartition("/")[2]
    assert line["recording_id"] == tus.head(address).headers["Sortie-Recording"]


@pytest.mark.parametrize(
    ("trusted", "given", "kept"),
    [
        (True, "0123456789abcdef0123456789abcdef", True),
        (True, "short", False),
        (True, "x" * 65, False),
        (True, "new\tline-and-more", False),
        (False, "0123456789abcdef0123456789abcdef", False),
    ],
)
def test_only_our_proxy_may_name_a_request(settings: Settings, trusted: bool, given: str, kept: bool) -> None:
    settings.SORTIE_BEHIND_PROXY = trusted
    answer = Client(headers={"X-Request-ID": given}).get("/api/auth/login")
    assert (answer["X-Request-ID"] == given) is kept
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def fail(request: object, **kwargs: object) -> HttpResponse:
    raise RuntimeError(f"lost {SECRET}")


urlpatterns = [
    path("fail", fail),
    path("shared/<str:token>/fail", fail),
    path("recordings/<uuid:pk>/fail", fail),
]
handler500 = "recordings.views.errors.server_error"


@pytest.mark.urls(__name__)
def test_a_page_that_fails_names_the_request_and_its_lines_are_found_by_that(written: Written) -> None:
    answer = Client(raise_request_exception=False).get(f"/recordings/{uuid4()}/fail")
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()
    [error] = written.lines("django.request")
    [request] = written.lines()
    assert error["request_id"] == request["request_id"] == answer["X-Request-ID"]
    assert error["recording_id"] == request["recording_id"]
    assert "RuntimeError" in error["error"]
    assert SECRET not in written.text


@pytest.mark.urls(__name__)
def test_words_of_an_address_are_not_told(written: Written) -> None:
    Client(raise_request_exception=False).get("/shared/s3cr3t-of-a-link/fail?key=s3cr3t-of-a-link")
    assert written.lines()[0]["path"] == "/shared/<str:token>/fail"
    assert "s3cr3t" not in "".join(map(str, written.lines()))


def test_work_in_the_background_is_told_with_its_recording(alice: User, written: Written) -> None:
    def fail(job: Job) -> None:
        raise RuntimeError("no luck")

    of = started(alice)
    jobs.enqueue(JobKind.PICTURES, of)
    trace.begin()
    jobs.run_due({JobKind.PICTURES: jobs.Handler(fail)})
    [line] = written.lines("recordings.jobs")
    assert (line["recording_id"], line["job"]) == (str(of.pk), "pictures")
    assert trace.current() == {}, "and what follows is about something else"
