"""Uploads of terminal recordings, and recordings made of them."""

from typing import Any

from django.test import RequestFactory

from recordings import casts
from recordings.audit import Actor
from recordings.ingest import simple
from recordings.ingest.intake import Intake
from recordings.models import Kind, Recording, User
from tests.making import FORM, api, field, file, form, post
from tests.playables import body

LIST = "/api/recordings"
SIDECAR = {
    "session_id": "7f3a",
    "host_id": "9b1c",
    "user": "deploy",
    "shell": "/bin/bash",
    "start_time": "2026-03-01T12:00:00Z",
    "end_time": "2026-03-01T12:01:00Z",
    "command_count": 3,
    "duration_ms": 99,
    "size_bytes": 1,
}


def sent(user: User, data: bytes, **fields: str) -> Any:
    """The answer to an upload of `data` in a form."""
    parts = [field(key, value) for key, value in fields.items()]
    return post(api(user), LIST, form(*parts, file(data, b"demo.cast")), FORM)


def taken(user: User, data: bytes, **fields: str) -> Recording:
    answer = sent(user, data, **fields)
    assert answer.status_code == 201, answer.content
    return Recording.objects.get(pk=answer.json()["id"])


def made(user: User, data: bytes, *, title: str = "") -> Recording:
    """A terminal recording of `user`'s with these bytes, without a request."""
    intake = Intake(expected=len(data), kind=Kind.TERMINAL)
    intake.write(data)
    return simple.receive(intake.seal(), Actor(user), simple.About(title=title))


def original_of_cast(recording: Recording) -> bytes:
    """The bytes that were uploaded, as a download gives them."""
    return body(casts.original(RequestFactory().get("/"), recording))
