"""Every status that the API's description promises is given, in that form and with the headers it tells of."""

import json
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings
from rest_framework.test import APIClient

from recordings import library, retention, tokens
from recordings.api import docs
from recordings.api.description import METHODS, Json
from recordings.audit import SORTIE, Actor
from recordings.ingest import staging, start
from recordings.models import Recording, User
from recordings.permissions import Scope
from tests import webm_builder as build
from tests.making import FORM, api, deleted, holding, post, ready, started, upload, webm
from tests.terminal.build import cast
from tests.tus_client import PIECE, UPLOADS, Tus, checksum, metadata, recording

pytestmark = pytest.mark.django_db

CAST = "application/x-asciicast"
PASSWORD = "correct horse battery"
WRONG = {"username": "alice", "password": "wrong"}


class World:
    """Alice has recordings, bob is a stranger to them, ada is an admin; and the store or the disk may be gone."""

    def __init__(self, alice: User, bob: User, ada: User, settings: Settings, patch: pytest.MonkeyPatch) -> None:
        self.owner, self.admin = alice, ada
        self.alice, self.bob, self.ada = (api(person) for person in (alice, bob, ada))
        self.nobody = APIClient(raise_request_exception=False)
        self.tus = Tus(self.alice)
        self.settings, self.patch = settings, patch

    @cached_property
    def live(self) -> Recording:
        return started(self.owner)

    @cached_property
    def done(self) -> Recording:
        return ready(self.owner)

    @cached_property
    def begun(self) -> str:
        """The address of an upload without bytes."""
        return self.tus.begun(len(DATA))

    def lacking(self, name: str) -> APIClient:
        """A program of the admin's whose token may be used for everything but this operation."""
        scopes = set(Scope) - {operations()[name][2]["x-scope"]}
        return holding(tokens.create(self.admin, SORTIE, name="x", scopes=scopes, expires_at=None)[1])

    def at(self, recording: Recording, rest: str = "") -> str:
        return f"/api/recordings/{recording.pk}{rest}"

    def capture(self, rest: str) -> str:
        return f"/api/sessions/{self.live.session_id}/recording/{rest}"

    def no_store(self) -> None:
        """A local store below something that is no folder."""
        self.settings.SORTIE_RECORDING_STORAGE_BACKEND = "local"
        self.settings.SORTIE_RECORDING_STORAGE_PATH = Path("/dev/null/recordings")

    def full_disk(self) -> None:
        for floor in ("FREE_SPACE_FLOOR", "LAST_SPACE"):
            self.patch.setattr(staging.local, floor, 1 << 62)

    def on_s3(self) -> Recording:
        """A recording whose bytes an object store sends; its address is made without asking it."""
        self.settings.SORTIE_RECORDING_S3_BUCKET = self.settings.SORTIE_RECORDING_S3_BUCKET or "bucket"
        self.patch.setenv("AWS_ACCESS_KEY_ID", "id")
        self.patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        Recording.objects.filter(pk=self.done.pk).update(storage_backend="s3")
        return self.done


@pytest.fixture
def world(alice: User, bob: User, ada: User, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(alice, bob, ada, settings, monkeypatch)


def _json(method: str, who: str, address: Callable[[World], str], body: Any = None) -> Callable[[World], Any]:
    return lambda w: getattr(getattr(w, who), method)(address(w), body, format="json")


def _login(body: dict[str, str]) -> Callable[[World], Any]:
    return _json("post", "nobody", _fixed("/api/auth/login"), body)


def _right_login(w: World) -> Any:
    w.owner.set_password(PASSWORD)
    w.owner.save()
    return _login({"username": "alice", "password": PASSWORD})(w)


def _fixed(address: str) -> Callable[[World], str]:
    return lambda w: address


def _live(rest: str = "") -> Callable[[World], str]:
    return lambda w: w.at(w.live, rest)


def _upload(who: str, data: bytes | None = None, before: Callable[[World], Any] = lambda w: None) -> Any:
    def send(w: World) -> Any:
        before(w)
        return upload(getattr(w, who), w.live, data)

    return send


def _too_many_logins(w: World) -> Any:
    return [_login(WRONG)(w) for _ in range(6)][-1]


def _without_length(w: World) -> Any:
    return w.alice.generic("POST", w.capture("upload"), "", content_type=FORM)


def _too_large(w: World) -> Any:
    w.settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    return upload(w.alice, w.live, webm() + bytes(1024 * 1024))


def _other_type(w: World) -> Any:
    return post(w.alice, w.capture("upload"), webm(), "image/png")


def _start_in_stopped(w: World) -> Any:
    start.close_session(w.live.session, Actor(w.owner))
    return w.alice.post(w.capture("start"))


def _delete_held(w: World) -> Any:
    retention.hold(w.live, Actor(w.admin), reason="case 7")
    return w.alice.delete(w.at(w.live))


def _delete_marker(w: World) -> Any:
    marker = library.mark(w.live, Actor(w.owner), at_ms=1)
    return w.alice.delete(w.at(w.live, f"/markers/{marker.pk}"))


def _restore(w: World) -> Any:
    return w.alice.post(w.at(deleted(w.owner), "/restore"))


def _cast(data: bytes | None = None, kind: str = CAST, before: Callable[[World], Any] = lambda w: None) -> Any:
    def send(w: World) -> Any:
        before(w)
        return post(w.alice, RECORDINGS, cast() if data is None else data, kind)

    return send


def _small(w: World) -> None:
    w.settings.SORTIE_RECORDING_MAX_SIZE_MB = 1


def _when_full(ask: Callable[[World], Any]) -> Callable[[World], Any]:
    def asked(w: World) -> Any:
        assert w.begun
        w.full_disk()
        return ask(w)

    return asked


def _cancel_when_whole(w: World) -> Any:
    assert w.begun
    w.no_store()
    assert w.tus.patch(w.begun, 0, DATA).status_code == 204
    return w.tus.delete(w.begun)


DATA = recording()
EIGHT_K_SQUARE = build.webm(build.cluster(0, build.block(1, 0)), tracks=build.video_track(width=8192, height=8192))
ORIGINAL = "/download?original=true"
SETTINGS, RECORDINGS, SESSIONS = "/api/admin/settings", "/api/recordings", "/api/sessions"
ADMINS = "/api/admin/recordings"
UNTOLD = {
    *("Allow", "Cache-Control", "Content-Length", "Content-Security-Policy", "Content-Type", "Vary"),
    *("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy"),
    *("X-Content-Type-Options", "X-Frame-Options", "X-Request-ID"),
}
"""Headers that say nothing that a client of the API has to know."""

ASKED: dict[tuple[str, int], Callable[[World], Any]] = {
    ("login", 200): _right_login,
    ("login", 400): _login({"username": "alice"}),
    ("login", 401): _login(WRONG),
    ("login", 429): _too_many_logins,
    ("logout", 204): lambda w: w.alice.post("/api/auth/logout"),
    ("list_sessions", 200): lambda w: w.alice.get(SESSIONS),
    ("list_sessions", 400): lambda w: w.alice.get(SESSIONS + "?limit=0"),
    ("create_session", 201): _json("post", "alice", _fixed(SESSIONS), {"app_id": "firefox"}),
    ("create_session", 400): _json("post", "alice", _fixed(SESSIONS), {}),
    ("create_session", 403): _json("post", "alice", _fixed(SESSIONS), {"app_id": "x", "user_id": str(uuid4())}),
    ("get_session", 200): lambda w: w.alice.get(f"{SESSIONS}/{w.live.session_id}"),
    ("stop_session", 200): lambda w: w.alice.post(f"{SESSIONS}/{w.live.session_id}/stop"),
    ("start_recording", 201): lambda w: w.alice.post(w.capture("start")),
    ("start_recording", 403): lambda w: w.bob.post(w.capture("start")),
    ("start_recording", 409): _start_in_stopped,
    ("stop_recording", 200): lambda w: w.alice.post(
        w.capture("stop"), {"recording_id": str(w.live.pk)}, format="json"
    ),
    ("stop_recording", 400): lambda w: w.alice.post(w.capture("stop"), {}, format="json"),
    ("stop_recording", 403): lambda w: w.bob.post(w.capture("stop"), {}, format="json"),
    ("upload_recording", 200): _upload("alice"),
    ("upload_recording", 202): _upload("alice", before=World.no_store),
    ("upload_recording", 400): lambda w: post(w.alice, w.capture("upload"), b"x", "video/webm"),
    ("upload_recording", 403): _upload("bob"),
    ("upload_recording", 411): _without_length,
    ("upload_recording", 413): _too_large,
    ("upload_recording", 415): _other_type,
    ("upload_recording", 422): _upload("alice", EIGHT_K_SQUARE),
    ("upload_recording", 507): _upload("alice", before=World.full_disk),
    ("list_recordings", 200): lambda w: w.alice.get(RECORDINGS),
    ("list_recordings", 400): lambda w: w.alice.get(RECORDINGS + "?kind=x"),
    ("upload_terminal_recording", 201): _cast(),
    ("upload_terminal_recording", 400): lambda w: post(w.alice, RECORDINGS + "?sidecar=5", cast(), CAST),
    ("upload_terminal_recording", 411): lambda w: w.alice.generic("POST", RECORDINGS, "", content_type=CAST),
    ("upload_terminal_recording", 413): _cast(bytes(2 << 20), before=_small),
    ("upload_terminal_recording", 415): _cast(kind="text/plain"),
    ("upload_terminal_recording", 422): _cast(cast([1, "o"], [2, "o", "x"])),
    ("upload_terminal_recording", 507): _cast(before=World.full_disk),
    ("list_all_recordings", 200): lambda w: w.ada.get(ADMINS),
    ("list_all_recordings", 400): lambda w: w.ada.get(ADMINS + "?kind=x"),
    ("list_all_recordings", 403): lambda w: w.bob.get(ADMINS),
    ("get_recording", 200): lambda w: w.alice.get(w.at(w.live)),
    ("edit_recording", 200): _json("patch", "alice", _live(), {"title": "x"}),
    ("edit_recording", 400): _json("patch", "alice", _live(), {"title": "x" * 10_000}),
    ("delete_recording", 204): lambda w: w.alice.delete(w.at(w.live)),
    ("delete_recording", 403): lambda w: w.bob.delete(w.at(w.live)),
    ("delete_recording", 409): _delete_held,
    ("restore_recording", 200): _restore,
    ("download_recording", 200): lambda w: w.alice.get(w.at(w.done, ORIGINAL)),
    ("download_recording", 206): lambda w: w.alice.get(w.at(w.done, ORIGINAL), HTTP_RANGE="bytes=0-9"),
    ("download_recording", 302): lambda w: w.alice.get(w.at(w.on_s3(), "/download")),
    ("download_recording", 403): lambda w: w.bob.get(w.at(w.live, "/download")),
    ("download_recording", 409): lambda w: w.alice.get(w.at(w.live, "/download")),
    ("download_recording", 416): lambda w: w.alice.get(w.at(w.done, ORIGINAL), HTTP_RANGE="bytes=999999999-"),
    ("download_recording", 304): lambda w: w.alice.get(w.at(w.done, ORIGINAL), HTTP_IF_NONE_MATCH="*"),
    ("download_recording", 412): lambda w: w.alice.get(w.at(w.done, ORIGINAL), HTTP_IF_MATCH='"other"'),
    ("list_markers", 200): lambda w: w.alice.get(w.at(w.live, "/markers")),
    ("create_marker", 201): _json("post", "alice", _live("/markers"), {"at_seconds": 1}),
    ("create_marker", 400): _json("post", "alice", _live("/markers"), {"at_seconds": -1}),
    ("delete_marker", 204): _delete_marker,
    ("list_activity", 200): lambda w: w.alice.get(w.at(w.live, "/activity")),
    ("get_settings", 200): lambda w: w.ada.get(SETTINGS),
    ("get_settings", 403): lambda w: w.bob.get(SETTINGS),
    ("describe_uploads", 204): lambda w: w.tus.send("OPTIONS", UPLOADS),
    ("describe_upload", 204): lambda w: w.tus.send("OPTIONS", w.begun),
    ("describe_upload", 404): lambda w: w.tus.send("OPTIONS", f"{UPLOADS}/x"),
    ("create_upload", 201): lambda w: w.tus.create(len(DATA), b"", Upload_Metadata=metadata(title="x")),
    ("create_upload", 400): lambda w: w.tus.create(0),
    ("create_upload", 404): lambda w: w.tus.create(5, Upload_Metadata=metadata(recording_id=str(uuid4()))),
    ("create_upload", 409): lambda w: w.tus.create(5, Upload_Metadata=metadata(recording_id=str(w.done.pk))),
    ("create_upload", 411): lambda w: w.tus.create(5, b"", Content_Length=""),
    ("create_upload", 412): lambda w: w.tus.create(5, Tus_Resumable=None),
    ("create_upload", 413): lambda w: w.tus.create(10**12),
    ("create_upload", 415): lambda w: w.tus.create(9, b"<!DOCTYPE"),
    ("create_upload", 422): lambda w: w.tus.create(len(EIGHT_K_SQUARE), EIGHT_K_SQUARE),
    ("create_upload", 460): lambda w: w.tus.create(len(DATA), DATA, Upload_Checksum=checksum(b"other")),
    ("create_upload", 507): _when_full(lambda w: w.tus.create(5)),
    ("get_upload", 200): lambda w: w.tus.head(w.begun),
    ("get_upload", 412): lambda w: w.tus.head(w.begun, Tus_Resumable=None),
    ("send_piece", 204): lambda w: w.tus.patch(w.begun, 0, DATA[:99]),
    ("send_piece", 400): lambda w: w.tus.patch(w.begun, "x", DATA),
    ("send_piece", 409): lambda w: w.tus.patch(w.begun, 7, DATA[:99]),
    ("send_piece", 411): lambda w: w.tus.patch(w.begun, 0, b"", Content_Length=""),
    ("send_piece", 412): lambda w: w.tus.patch(w.begun, 0, DATA, Tus_Resumable=None),
    ("send_piece", 413): lambda w: w.tus.patch(w.begun, 0, DATA + b"x"),
    ("send_piece", 415): lambda w: w.tus.patch(w.begun, 0, DATA, Content_Type="video/webm"),
    ("send_piece", 422): lambda w: w.tus.patch(w.tus.begun(len(EIGHT_K_SQUARE)), 0, EIGHT_K_SQUARE),
    ("send_piece", 460): lambda w: w.tus.patch(w.begun, 0, DATA, Upload_Checksum=checksum(b"other")),
    ("send_piece", 507): _when_full(lambda w: w.tus.patch(w.begun, 0, DATA)),
    ("cancel_upload", 204): lambda w: w.tus.delete(w.begun),
    ("cancel_upload", 409): _cancel_when_whole,
    ("cancel_upload", 412): lambda w: w.tus.delete(w.begun, Tus_Resumable=None),
    ("get_schema", 200): lambda w: w.nobody.get("/api/schema"),
    ("get_docs", 200): lambda w: w.nobody.get("/api/docs"),
    ("change_settings", 204): _json("put", "ada", _fixed(SETTINGS), {"recording_auto_record": "true"}),
    ("change_settings", 400): _json("put", "ada", _fixed(SETTINGS), {"recording_auto_record": True}),
    ("change_settings", 403): _json("put", "bob", _fixed(SETTINGS), {"recording_auto_record": "true"}),
}


def operations() -> dict[str, tuple[str, str, Json]]:
    """Method, path and facts of each operation, by its id."""
    return {
        item[method]["operationId"]: (method, path, item[method])
        for path, item in docs.described()["paths"].items()
        for method in METHODS
        if method in item
    }


def promised() -> list[tuple[str, int]]:
    return [(name, int(status)) for name, (_, _, facts) in operations().items() for status in facts["responses"]]


def _send(client: Any, name: str, address: str, body: str = "{}", content_type: str = "application/json") -> Any:
    """A request as the description has it; to a tus route, a piece of nothing."""
    method = operations()[name][0].upper()
    if "/uploads" in address:
        length = "5" if method == "POST" else None
        return Tus(client).send(method, address, Upload_Offset="0", Content_Type=PIECE, Upload_Length=length)
    return client.generic(method, address, body, content_type=content_type)


def _missing(name: str) -> str:
    """The address, with ids that nothing has."""
    return re.sub(r"{[^}]+}", str(uuid4()), operations()[name][1])


def _there(name: str, world: World) -> str:
    """The address, with the ids of what is alice's."""
    path = operations()[name][1]
    path = path.replace("{id}", str(world.live.session_id if "/sessions/" in path else world.live.pk))
    return re.sub(r"{[^}]+}", str(uuid4()), path)


def _without_database(w: World, name: str) -> Any:
    client, address = w.ada, _there(name, w)
    with connection.execute_wrapper(_gone):
        return _send(client, name, address, json.dumps(WRONG))


def _gone(*args: Any) -> None:
    raise OperationalError("the server closed the connection unexpectedly")


ALIKE: dict[int, Callable[[World, str], Any]] = {
    401: lambda w, name: _send(w.nobody, name, _missing(name)),
    403: lambda w, name: _send(w.lacking(name), name, _there(name, w)),
    404: lambda w, name: _send(w.ada, name, _missing(name)),
    413: lambda w, name: _send(w.ada, name, _there(name, w), json.dumps("x" * 1_100_000)),
    415: lambda w, name: _send(w.ada, name, _there(name, w), "x", "text/plain"),
    503: _without_database,
}
"""How every operation that has a status of these comes to it, if it is not in ASKED."""


def _answer(name: str, status: int, world: World) -> Any:
    if (name, status) in ASKED:
        return ASKED[name, status](world)
    return ALIKE[status](world, name)


@pytest.mark.parametrize(("name", "status"), promised())
def test_every_described_status_is_given(world: World, name: str, status: int) -> None:
    answer = _answer(name, status, world)
    body = b"".join(answer)
    assert answer.status_code == status, body[:300]
    described = operations()[name][2]["responses"][str(status)]
    content = described.get("content", {})
    if body:
        assert answer["Content-Type"].split(";")[0] in content
    else:
        assert not content
    if status >= 400 and body:
        problem = json.loads(body)
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"].strip()
    if status in (429, 503, 507):
        assert int(answer["Retry-After"]) > 0
    told = described.get("headers", {})
    assert {header for header, facts in told.items() if facts.get("required")} <= set(answer.headers)
    assert set(answer.headers) - UNTOLD <= set(told)


def test_nothing_else_is_asked_for_here() -> None:
    assert set(ASKED) <= set(promised())
