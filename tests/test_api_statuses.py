"""Every status that the API's description promises is given, in that form and with the headers it tells of."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from recordings import library, retention
from recordings.audit import Actor
from recordings.ingest import start
from recordings.models import User
from tests import asked_about_films, asked_by_clients
from tests.api_world import EIGHT_K_SQUARE, World, operations, without_database
from tests.making import FORM, deleted, post, upload, webm
from tests.terminal.build import cast
from tests.tus_client import PIECE, Tus

pytestmark = pytest.mark.django_db

CAST = "application/x-asciicast"
PASSWORD = "correct horse battery"
WRONG = {"username": "alice", "password": "wrong"}


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


def _revoke_share(w: World) -> Any:
    address = w.at(w.done, "/shares")
    return w.alice.delete(f"{address}/{w.alice.post(address).json()['id']}")


def _restore(w: World) -> Any:
    return w.alice.post(w.at(deleted(w.owner), "/restore"))


def _cast(data: bytes | None = None, kind: str = CAST, before: Callable[[World], Any] = lambda w: None) -> Any:
    def send(w: World) -> Any:
        before(w)
        return post(w.alice, RECORDINGS, cast() if data is None else data, kind)

    return send


def _small(w: World) -> None:
    w.settings.SORTIE_RECORDING_MAX_SIZE_MB = 1


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
    ("download_recording", 400): lambda w: w.alice.get(w.at(w.done, "/download?format=cast")),
    ("download_recording", 403): lambda w: w.bob.get(w.at(w.live, "/download")),
    ("download_recording", 409): lambda w: w.alice.get(w.at(w.live, "/download")),
    ("download_recording", 416): lambda w: w.alice.get(w.at(w.done, ORIGINAL), HTTP_RANGE="bytes=999999999-"),
    ("download_recording", 304): lambda w: w.alice.get(w.at(w.done, ORIGINAL), HTTP_IF_NONE_MATCH="*"),
    ("download_recording", 412): lambda w: w.alice.get(w.at(w.done, ORIGINAL), HTTP_IF_MATCH='"other"'),
    ("list_markers", 200): lambda w: w.alice.get(w.at(w.live, "/markers")),
    ("create_marker", 201): _json("post", "alice", _live("/markers"), {"at_seconds": 1}),
    ("create_marker", 400): _json("post", "alice", _live("/markers"), {"at_seconds": -1}),
    ("delete_marker", 204): _delete_marker,
    ("list_shares", 200): lambda w: w.alice.get(w.at(w.live, "/shares")),
    ("create_share", 201): _json("post", "alice", lambda w: w.at(w.done, "/shares")),
    ("create_share", 400): _json("post", "alice", lambda w: w.at(w.done, "/shares"), {"days": 0}),
    ("create_share", 409): _json("post", "alice", _live("/shares")),
    ("revoke_share", 204): _revoke_share,
    ("list_activity", 200): lambda w: w.alice.get(w.at(w.live, "/activity")),
    ("get_transcript", 200): lambda w: w.alice.get(w.at(w.terminal, "/transcript")),
    ("get_transcript", 400): lambda w: w.alice.get(w.at(w.live, "/transcript?at=never")),
    ("get_transcript", 409): lambda w: w.alice.get(w.at(w.live, "/transcript")),
    ("search", 200): lambda w: w.alice.get("/api/search?q=firefox"),
    ("search", 400): lambda w: w.alice.get("/api/search"),
    ("get_settings", 200): lambda w: w.ada.get(SETTINGS),
    ("get_settings", 403): lambda w: w.bob.get(SETTINGS),
    ("get_schema", 200): lambda w: w.nobody.get("/api/schema"),
    ("get_docs", 200): lambda w: w.nobody.get("/api/docs"),
    ("change_settings", 204): _json("put", "ada", _fixed(SETTINGS), {"recording_auto_record": "true"}),
    ("change_settings", 400): _json("put", "ada", _fixed(SETTINGS), {"recording_auto_record": True}),
    ("change_settings", 403): _json("put", "bob", _fixed(SETTINGS), {"recording_auto_record": "true"}),
    **asked_by_clients.ASKED,
    **asked_about_films.ASKED,
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
    with without_database():
        return _send(client, name, address, json.dumps(WRONG))


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
