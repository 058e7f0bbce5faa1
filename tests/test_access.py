"""Who gets what: every route, method, kind of caller and kind of object. What is not in the table fails."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from recordings import enrich, segments, sharing, tokens
from recordings.audit import SORTIE, Actor
from recordings.ingest import staging
from recordings.media.asciicast import Header
from recordings.media.terminal.made import SegmentMade
from recordings.models import Export, Marker, PictureKind, Recording, ShareLink, Upload, User
from recordings.permissions import Scope
from tests import webm_builder as build
from tests.exports import film
from tests.making import api, browser, deleted, holding, ready, session_of, started
from tests.roles import (
    NOBODY,
    OPEN,
    ROLES,
    SCOPED,
    Role,
    Rule,
    admins,
    by_link,
    everybody,
    hidden,
    hidden_session,
    refused,
    refused_session,
    restorable,
    sender,
    users,
)
from tests.tus_client import Tus

pytestmark = pytest.mark.django_db

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
KINDS = ("live", "deleted", "missing")


@dataclass(frozen=True)
class Row:
    """Who may, what an allowed request gets, and what is sent."""

    rule: Rule
    allowed: tuple[int, ...]
    body: dict[str, Any] | None = None
    token_only: bool = False
    scope: str | None = None  # that a token needs, where it is not `read` for GET and `manage` for the rest

    def needs(self, method: str) -> str:
        return ("read" if method == "GET" else "manage") if self.scope is None else self.scope


TABLE: dict[tuple[str, str], Row] = {
    ("api:login", "POST"): Row(everybody, (401,), {"username": "alice", "password": "wrong"}),
    ("api:logout", "POST"): Row(users, (204,), token_only=True, scope=""),
    ("api:sessions", "GET"): Row(users, (200,)),
    ("api:sessions", "POST"): Row(users, (201,), {"app_id": "firefox"}, scope="upload"),
    ("api:session", "GET"): Row(hidden_session, (200,)),
    ("api:session-stop", "POST"): Row(hidden_session, (200,), scope="upload"),
    ("api:recording-start", "POST"): Row(refused_session, (201,), scope="upload"),
    ("api:recording-stop", "POST"): Row(refused_session, (400,), {}, scope="upload"),
    ("api:recording-upload", "POST"): Row(refused_session, (415,), {}, scope="upload"),
    ("api:uploads", "OPTIONS"): Row(everybody, (204,)),
    ("api:uploads", "POST"): Row(users, (201,), scope="upload"),
    ("api:upload", "OPTIONS"): Row(everybody, (204,)),
    ("api:upload", "HEAD"): Row(sender, (200,), scope="upload"),
    ("api:upload", "PATCH"): Row(sender, (204,), scope="upload"),
    ("api:upload", "DELETE"): Row(sender, (204,), scope="upload"),
    ("api:recordings", "GET"): Row(users, (200,)),
    ("api:recordings", "POST"): Row(users, (415,), {}, scope="upload"),
    # Only an installation that somebody has connected gets in here.
    ("api:asciicasts", "POST"): Row(everybody, (401,), {}),
    ("api:asciicasts-v1", "POST"): Row(everybody, (401,), {}),
    ("api:recording", "GET"): Row(hidden, (200,)),
    ("api:recording", "PATCH"): Row(hidden, (200,), {"title": "x"}),
    ("api:recording", "DELETE"): Row(refused, (204,)),
    ("api:download", "GET"): Row(refused, (200, 302)),
    ("api:restore", "POST"): Row(restorable, (200,)),
    ("api:markers", "GET"): Row(hidden, (200,)),
    ("api:markers", "POST"): Row(hidden, (201,), {"at_seconds": 1}),
    ("api:marker", "DELETE"): Row(hidden, (204,)),
    ("api:activity", "GET"): Row(hidden, (200,)),
    ("api:shares", "GET"): Row(hidden, (200,)),
    ("api:shares", "POST"): Row(hidden, (201,), {}),
    ("api:share", "DELETE"): Row(hidden, (204,)),
    ("api:exports", "GET"): Row(hidden, (200,)),
    ("api:exports", "POST"): Row(hidden, (409,), {"format": "mp4"}, scope="read"),  # it is a video
    ("api:export", "GET"): Row(hidden, (200,)),
    ("api:export", "DELETE"): Row(hidden, (204,), scope="read"),
    ("api:export-file", "GET"): Row(hidden, (200, 302)),
    ("api:transcript", "GET"): Row(hidden, (409,)),  # which a video has none of
    ("api:search", "GET"): Row(users, (400,)),
    ("api:admin-recordings", "GET"): Row(admins, (200,)),
    ("api:admin-settings", "GET"): Row(admins, (200,)),
    ("api:admin-settings", "PUT"): Row(admins, (204,), {"recording_auto_record": "true"}),
    ("api:schema", "GET"): Row(everybody, (200,)),
    ("api:docs", "GET"): Row(everybody, (200,)),
    ("login", "GET"): Row(everybody, (200, 302)),
    ("login", "POST"): Row(everybody, (200,), {}),
    ("logout", "POST"): Row(everybody, (302,)),
    ("account", "GET"): Row(users, (200,)),
    ("account_password", "GET"): Row(users, (302,)),
    ("account_password", "POST"): Row(users, (400,), {}),
    ("account_tokens", "GET"): Row(users, (302,)),
    ("account_tokens", "POST"): Row(users, (400,), {}),
    ("account_token_revoke", "POST"): Row(users, (302,), {}),
    ("connect", "GET"): Row(users, (200,)),
    ("connect", "POST"): Row(users, (200,), {}),
    ("disconnect", "POST"): Row(users, (302,), {}),
    ("library", "GET"): Row(users, (200,)),
    ("library_rows", "GET"): Row(users, (200,)),
    ("deleted", "GET"): Row(users, (200,)),
    ("delete_many", "GET"): Row(users, (302,)),
    ("delete_many", "POST"): Row(users, (302,), {}),
    ("restore_many", "POST"): Row(users, (302,), {}),
    ("record", "GET"): Row(users, (200,)),
    ("sessions", "GET"): Row(users, (200,)),
    ("session_add", "GET"): Row(admins, (200,)),
    ("session_add", "POST"): Row(admins, (400,), {"title": ""}),
    ("session", "GET"): Row(hidden_session, (200,)),
    ("session_stop", "POST"): Row(hidden_session, (302,), {}),
    ("player", "GET"): Row(hidden, (200,)),
    ("shared", "GET"): Row(by_link, (200,)),
    ("shared", "POST"): Row(by_link, (200,), {}),
    ("shared_state", "GET"): Row(by_link, (204,)),
    **{(f"shared_{part}", "GET"): Row(by_link, (403,)) for part in ("media", "download", "poster")},
    **{(f"shared_{part}", "GET"): Row(by_link, (403,)) for part in ("storyboard", "storyboard_track")},
    **{(f"shared_{part}", "GET"): Row(by_link, (403,)) for part in ("segments", "segment")},
    ("poster", "GET"): Row(hidden, (200,)),
    ("storyboard", "GET"): Row(hidden, (200,)),
    ("storyboard_track", "GET"): Row(hidden, (200,)),
    ("segments", "GET"): Row(hidden, (200,)),
    ("segment", "GET"): Row(hidden, (404,)),  # there are others by now
    ("media", "GET"): Row(hidden, (200, 302)),
}
ROUTES = sorted({route for route, _ in TABLE})


@dataclass(frozen=True)
class House:
    """The callers, and alice's objects. Ivan's are his own: even those are closed to him."""

    clients: dict[Role, Client]
    live: Recording
    gone: Recording
    ivans: Recording
    marker: Marker
    uploads: dict[str, UUID]
    share: ShareLink
    secrets: dict[str, str]
    export: Export

    def address(self, route: str, role: Role, kind: str) -> str:
        live = self.ivans if role.person == "ivan" else self.live
        recording = {"live": live, "deleted": self.gone}.get(kind)
        pattern = PATTERNS[route]
        ids: dict[str, Any] = {"pk": uuid4(), "marker_id": self.marker.pk, "install_id": uuid4()}
        ids |= {"share_id": self.share.pk, "export_id": self.export.pk, "number": 0}
        ids["secret"] = self.secrets.get(kind, "x" * 32)
        if recording is not None:
            ids["pk"] = recording.session_id if "sessions/" in pattern else recording.pk
        if "uploads/" in pattern:
            ids["pk"] = self.uploads.get(kind, ids["pk"])
        return reverse(route, kwargs={name: value for name, value in ids.items() if f":{name}>" in pattern})


def _walk(patterns: list[Any], path: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(
                pattern.url_patterns, path + str(pattern.pattern), f"{space}{pattern.namespace or ''}:"
            )
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}", path + str(pattern.pattern)


PATTERNS = {route: path for route, path in _walk(get_resolver().url_patterns) if not route.startswith("admin:")}
ADMIN = {route: path for route, path in _walk(get_resolver().url_patterns) if route.startswith("admin:")}


@pytest.fixture
def house(alice: User, bob: User, ada: User) -> House:
    sam = User.objects.create(username="sam", is_staff=True)
    ivan = User.objects.create(username="ivan")
    people = {"alice": alice, "bob": bob, "ada": ada, "sam": sam, "ivan": ivan}
    enter: dict[str, Callable[[User], Client]] = {"bearer": api, "cookie": browser}
    clients = {role: enter[role.by](people[role.person]) for role in ROLES[1:]}
    clients |= {role: holding(scoped(people[role.person], role.scope)) for role in SCOPED} | {NOBODY: browser(None)}
    User.objects.filter(pk=ivan.pk).update(is_active=False)
    live = ready(alice, build.webm(build.cluster(0, build.block(1, 0))))
    for kind in PictureKind:
        enrich.keep(live, kind, enrich.Made(1, 1, 1, 1, enrich.JPEG))
    segments.keep(live, BytesIO(b"one"), [SegmentMade(0, 0, 3)], Header(2, 80, 24))
    ivans = Recording.objects.create(session=session_of(ivan), owner=ivan)
    marker = Marker.objects.create(recording=live, at_ms=1)
    gone = deleted(alice)
    uploads = {"live": begun(alice, started(alice)), "deleted": begun(alice, gone)}
    share, secret = sharing.create(live, Actor(alice))
    secrets = {"live": secret, "deleted": sharing.create(ready(alice), Actor(alice))[1]}
    ShareLink.objects.exclude(pk=share.pk).update(recording=gone)
    return House(clients, live, gone, ivans, marker, uploads, share, secrets, film(live))


def scoped(user: User, scope: str) -> str:
    return tokens.create(user, SORTIE, name=scope, scopes=[Scope(scope)], expires_at=None)[1]


def begun(user: User, recording: Recording) -> UUID:
    """An upload without bytes."""
    upload = Upload.objects.create(recording=recording, sender=user, room=staging.room_for(5), announced=5)
    staging.current().create(upload.pk, room=upload.room, expected=5)
    return upload.pk


def send(client: Client, method: str, address: str, body: dict[str, Any] | None = None) -> Any:
    """`body` as JSON to the API, as a form to a page."""
    if body is not None and not address.startswith("/api/"):
        return client.post(address, body)
    if address.startswith("/api/uploads"):
        headers = {"Upload_Length": "5"} if method == "POST" else {}
        return (
            Tus(client).patch(address, 0, b"")
            if method == "PATCH"
            else Tus(client).send(method, address, b"", **headers)
        )
    data = "" if body is None else json.dumps(body)
    return client.generic(method, address, data, content_type="application/json")


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is changed meanwhile has not happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def expected(route: str, row: Row, role: Role, kind: str, method: str) -> tuple[int, ...]:
    is_api = route.startswith("api:")
    entered = role.may_enter(route) and (role.by == "bearer" or not row.token_only)
    if row.rule not in OPEN and not entered:
        return (401 if is_api else 302,)
    if row.rule not in OPEN and role.scope and row.needs(method) not in ("", role.scope):
        return (403,)
    denied = row.rule(role, kind)
    return row.allowed if denied is None else (denied,)


def kinds_of(route: str) -> tuple[str, ...]:
    return KINDS if "<" in PATTERNS[route] else ("live",)


def callers(route: str) -> list[Role]:
    """Tokens open no page, whatever their scope."""
    return [*ROLES, *SCOPED] if route.startswith("api:") else ROLES


def test_the_table_has_every_route() -> None:
    assert set(PATTERNS) == set(ROUTES)


@pytest.mark.parametrize(("route", "method"), TABLE, ids=[f"{method} {route}" for route, method in TABLE])
def test_everybody_gets_what_the_table_says(house: House, route: str, method: str) -> None:
    row = TABLE[route, method]
    methods = ("GET", "HEAD") if method == "GET" else (method,)
    for role, kind, verb in product(callers(route), kinds_of(route), methods):
        address = house.address(route, role, kind)
        with undone():
            answer = send(house.clients[role], verb, address, row.body)
        assert answer.status_code in expected(route, row, role, kind, method), (
            str(role),
            kind,
            verb,
            answer.content[:200],
        )
        if answer.status_code == 302 and row.rule not in OPEN and not role.may_enter(route):
            assert answer["Location"].startswith("/login?next=")
        if answer.status_code in (401, 403, 404) and route.startswith("api:") and verb != "HEAD":
            assert answer["Content-Type"] == "application/problem+json"


def test_no_other_method_is_answered(house: House) -> None:
    for route, role in ((name, role) for name in ROUTES for role in callers(name)):
        for method in METHODS - {method for name, method in TABLE if name == route}:
            if method == "HEAD" and (route, "GET") in TABLE:
                continue
            answer = send(house.clients[role], method, house.address(route, role, "live"))
            assert answer.status_code in refusals(route, role, method), (route, str(role), method)


def refusals(route: str, role: Role, method: str) -> set[int]:
    """What a method that a route does not have may get: the API asks first who it is, OPTIONS says what it has."""
    rows = [row for (name, _), row in TABLE.items() if name == route]
    if route.startswith("api:upload"):
        return {405}
    if route.startswith("api:") and rows[0].rule not in OPEN:
        if not role.may_enter(route) or (rows[0].token_only and role.by != "bearer"):
            return {401}
        if rows[0].rule is admins and not role.is_admin:
            return {403}
        if role.scope:
            return {200, 403, 405} if method == "OPTIONS" else {403, 405}
    return {200, 405} if route.startswith("api:") and method == "OPTIONS" else {405}


def test_options_do_not_tell_whether_something_exists(house: House) -> None:
    for route, role in product(ROUTES, ROLES):
        addresses = {house.address(route, role, kind) for kind in KINDS}
        answers = [send(house.clients[role], "OPTIONS", address) for address in addresses]
        assert len({(answer.status_code, _told(answer)) for answer in answers}) == 1, (route, str(role))


def _told(answer: HttpResponse) -> bytes:
    """What is in the answer, but for the id that every request has."""
    return re.sub(rb'"request_id": ?"[0-9a-f]+"', b"", answer.content)


def test_only_the_address_itself_is_one(house: House) -> None:
    endings = ("/", ".json", "/.json", "%2f", "%00", ";x", "%20")
    callers = (NOBODY, Role("alice", "cookie"), Role("ada", "bearer"))
    for route, role, method, ending in product(ROUTES, callers, ("GET", "POST"), endings):
        if route != "library":
            answer = send(house.clients[role], method, house.address(route, role, "live") + ending)
            assert answer.status_code == 404, (route, str(role), method, ending)


def test_admin_pages_are_for_admins(house: House) -> None:
    """Their tokens do not open pages, and ivan is nobody."""
    others = {"alice": 403, "bob": 403, "nobody": 302, "ivan": 302}
    for (route, path), role, method in product(ADMIN.items(), ROLES, ("GET", "POST", "PUT")):
        with undone():
            answer = send(house.clients[role], method, _admin_address(path, house.live))
        told = (route, str(role), method)
        if route != "admin:logout" and (role.by == "bearer" or role.person in others):
            assert answer.status_code == (302 if role.by == "bearer" else others[role.person]), told
            assert answer.status_code == 403 or re.match("/login|/admin/login/", answer["Location"]), told
        assert answer.status_code < 500, told


def _admin_address(path: str, recording: Recording) -> str:
    """An address that matches the pattern, of an object that is there where one is named."""
    for pattern, text in (
        ("<path:content_type_id>", "1"),
        ("<[^>]*id>", str(recording.pk)),
        ("<slug:name>", "delete"),
        (r"\^\(\?P<app_label>.*", "recordings/"),
        (r"\(\?P<url>.*", "x"),
    ):
        path = re.sub(pattern, text, path)
    return f"/{path}"
