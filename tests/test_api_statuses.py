"""Every status that the API's description promises is given, in that form; and every route is described."""

import re
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.urls import URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from pytest_django import Settings
from rest_framework.test import APIClient

from recordings import library, retention
from recordings.audit import Actor
from recordings.ingest import staging, start
from recordings.models import Recording, User
from tests import webm_builder as build
from tests.making import FORM, api, deleted, post, ready, started, upload, webm

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
WRONG = {"username": "alice", "password": "wrong"}


class World:
    """Alice has recordings, bob is a stranger to them, ada is an admin; and the store or the disk may be gone."""

    def __init__(self, alice: User, bob: User, ada: User, settings: Settings, patch: pytest.MonkeyPatch) -> None:
        self.owner, self.admin = alice, ada
        self.alice, self.bob, self.ada = (api(person) for person in (alice, bob, ada))
        self.nobody = APIClient()
        self.settings, self.patch = settings, patch

    @cached_property
    def live(self) -> Recording:
        return started(self.owner)

    @cached_property
    def done(self) -> Recording:
        return ready(self.owner)

    def at(self, recording: Recording, rest: str = "") -> str:
        return f"/api/recordings/{recording.pk}{rest}"

    def capture(self, rest: str) -> str:
        return f"/api/sessions/{self.live.session_id}/recording/{rest}"

    def no_store(self) -> None:
        """A local store below something that is no folder."""
        self.settings.SORTIE_RECORDING_STORAGE_BACKEND = "local"
        self.settings.SORTIE_RECORDING_STORAGE_PATH = Path("/dev/null/recordings")

    def full_disk(self) -> None:
        self.patch.setattr(staging.local, "FREE_SPACE_FLOOR", 1 << 62)

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


EIGHT_K_SQUARE = build.webm(build.cluster(0, build.block(1, 0)), tracks=build.video_track(width=8192, height=8192))
SETTINGS, RECORDINGS, SESSIONS = "/api/admin/settings", "/api/recordings", "/api/sessions"
ADMINS = "/api/admin/recordings"

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
    ("download_recording", 200): lambda w: w.alice.get(w.at(w.done, "/download?original=1")),
    ("download_recording", 206): lambda w: w.alice.get(
        w.at(w.done, "/download?original=1"), HTTP_RANGE="bytes=0-9"
    ),
    ("download_recording", 302): lambda w: w.alice.get(w.at(w.on_s3(), "/download")),
    ("download_recording", 403): lambda w: w.bob.get(w.at(w.live, "/download")),
    ("download_recording", 409): lambda w: w.alice.get(w.at(w.live, "/download")),
    ("download_recording", 416): lambda w: w.alice.get(
        w.at(w.done, "/download?original=1"), HTTP_RANGE="bytes=999999999-"
    ),
    ("list_markers", 200): lambda w: w.alice.get(w.at(w.live, "/markers")),
    ("create_marker", 201): _json("post", "alice", _live("/markers"), {"at_seconds": 1}),
    ("create_marker", 400): _json("post", "alice", _live("/markers"), {"at_seconds": -1}),
    ("delete_marker", 204): _delete_marker,
    ("list_activity", 200): lambda w: w.alice.get(w.at(w.live, "/activity")),
    ("get_settings", 200): lambda w: w.ada.get(SETTINGS),
    ("get_settings", 403): lambda w: w.bob.get(SETTINGS),
    ("change_settings", 204): _json("put", "ada", _fixed(SETTINGS), {"recording_auto_record": "true"}),
    ("change_settings", 400): _json("put", "ada", _fixed(SETTINGS), {"recording_auto_record": True}),
    ("change_settings", 403): _json("put", "bob", _fixed(SETTINGS), {"recording_auto_record": "true"}),
}


@cache
def described() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, path and facts of each operation, by its id."""
    return {
        facts["operationId"]: (method, path, facts)
        for path, methods in described()["paths"].items()
        for method, facts in methods.items()
    }


def promised() -> list[tuple[str, int]]:
    return [(name, int(status)) for name, (_, _, facts) in operations().items() for status in facts["responses"]]


def _anywhere(path: str) -> str:
    """The path with ids that nothing has."""
    return re.sub(r"{[^}]+}", str(uuid4()), path)


def _answer(name: str, status: int, world: World) -> Any:
    method, path, _ = operations()[name]
    if (name, status) in ASKED:
        return ASKED[name, status](world)
    if status in (401, 404):
        client = world.nobody if status == 401 else world.ada
        return client.generic(method.upper(), _anywhere(path), "{}", content_type="application/json")
    raise AssertionError(f"nothing here makes {name} answer {status}")


@pytest.mark.parametrize(("name", "status"), promised())
def test_every_described_status_is_given(world: World, name: str, status: int) -> None:
    answer = _answer(name, status, world)
    body = b"".join(answer)
    assert answer.status_code == status, body[:300]
    content = operations()[name][2]["responses"][str(status)].get("content", {})
    if status == 204 or status == 302:
        assert answer.content == b""
        assert not content
    else:
        assert answer["Content-Type"].split(";")[0] in content
    if status >= 400:
        problem = answer.json()
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"].strip()
    if status in (429, 503, 507):
        assert int(answer["Retry-After"]) > 0


def test_nothing_else_is_asked_for_here() -> None:
    assert set(ASKED) <= set(promised())


def routes() -> set[tuple[str, str]]:
    """Path and method of every route of the API, as a description writes them."""
    [resolver] = [
        found for found in get_resolver().url_patterns if isinstance(found, URLResolver) and found.app_name == "api"
    ]
    return {
        (re.sub(r"<[^>]+>", "{}", f"/api/{pattern.pattern}"), method)
        for pattern in resolver.url_patterns
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(getattr(pattern.callback, "view_class", None), method)
    }


def test_the_description_is_valid_and_has_every_route() -> None:
    validate_schema(described())  # type: ignore[no-untyped-call]
    told = {(re.sub(r"{[^}]+}", "{}", path), method) for method, path, _ in operations().values()}
    assert told == routes() - {("/api/schema", "get")}
