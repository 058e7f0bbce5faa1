"""Signing in, staying in and being put out: throttling, tokens, and the header that guards the cookie."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from recordings import logins, throttle, tokens
from recordings.audit import Actor
from recordings.models import Attempt, AuditEvent, Recording, Session, Token, User
from tests.live import Web, database_url
from tests.making import FORM, api, browser, file, form, started, token_of

PASSWORD = "correct horse battery"
HERE, THERE = "10.0.0.1", "10.0.0.2"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _passwords(alice: User, bob: User) -> None:
    for user in (alice, bob):
        user.set_password(PASSWORD)
        user.save()


def by_api(name: str, password: str, address: str = HERE) -> Any:
    client = APIClient(REMOTE_ADDR=address)
    return client.post("/api/auth/login", {"username": name, "password": password}, format="json")


def by_page(name: str, password: str, address: str = HERE) -> Any:
    client = browser(None)
    return client.post("/login", {"username": name, "password": password}, REMOTE_ADDR=address)


def told(response: Any) -> dict[str, Any]:
    """What an answer of the API says, but for its id."""
    content: dict[str, Any] = response.json()
    return {name: value for name, value in content.items() if name != "request_id"}


def outcome(answer: Any) -> str:
    return {200: "in", 302: "in", 401: "wrong", 429: "wait"}[answer.status_code]


def fail(times: int, name: str = "alice", address: str = HERE) -> None:
    for _ in range(times):
        with pytest.raises(logins.WrongCredentials):
            logins.sign_in(Client(REMOTE_ADDR=address).get("/login").wsgi_request, name, "wrong")


def test_both_ways_in_and_their_answers(alice: User) -> None:
    assert outcome(by_api("alice", PASSWORD)) == "in"
    assert by_api("alice", "wrong").json()["detail"] == "User name or password is wrong."
    assert told(by_api("nobody", "wrong")) == told(by_api("alice", "wrong"))
    assert by_page("alice", PASSWORD)["Location"] == "/"
    assert b"do not belong together" in by_page("alice", "wrong").content


@pytest.mark.parametrize("way", [by_api, by_page])
def test_the_sixth_wrong_guess_has_to_wait_however_right_it_is(way: Any) -> None:
    fail(5)
    answer = way("alice", PASSWORD)
    assert answer.status_code == 429
    assert 200 <= int(answer["Retry-After"]) <= 300


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [("alice", HERE, "wait"), ("alice", THERE, "in"), ("bob", HERE, "in"), ("alice", "", "in")],
)
def test_guessing_locks_out_nobody_else(name: str, address: str, expected: str) -> None:
    fail(5)
    assert outcome(by_api(name, PASSWORD, address)) == expected


def test_an_address_that_tries_many_names_has_to_wait() -> None:
    for number in range(50):
        fail(1, f"name{number}")
    assert outcome(by_api("alice", PASSWORD)) == "wait"
    assert outcome(by_api("alice", PASSWORD, THERE)) == "in"


def test_waiting_ends_and_does_not_begin_anew(settings: Settings) -> None:
    fail(5)
    for _ in range(20):
        assert outcome(by_api("alice", "wrong")) == "wait"
    assert AuditEvent.objects.filter(action="login_failed").count() == 5
    Attempt.objects.update(at=timezone.now() - throttle.WINDOW - timedelta(seconds=1))
    assert outcome(by_api("alice", PASSWORD)) == "in"
    throttle.forget(timezone.now())
    assert not Attempt.objects.exists()


def test_who_knows_the_password_is_never_slowed_down() -> None:
    for _ in range(60):
        assert outcome(by_api("alice", PASSWORD)) == "in"
    fail(4)
    assert outcome(by_api("alice", PASSWORD)) == "in"
    fail(1)
    assert outcome(by_api("alice", PASSWORD)) == "wait"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("names", "most"), [(["alice"] * 24, 5), ([f"name{n}" for n in range(64)], 50)])
def test_guesses_at_the_same_moment_get_no_further(names: list[str], most: int) -> None:
    gate = threading.Barrier(8)

    def guess(several: list[str]) -> list[str]:
        gate.wait()
        try:
            return [outcome(by_api(name, "wrong")) for name in several]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for some in pool.map(guess, [names[n::8] for n in range(8)]) for answer in some]
    assert len(answers) == len(names)
    assert 1 <= answers.count("wrong") <= most
    assert answers.count("wait") == len(names) - answers.count("wrong")
    assert AuditEvent.objects.filter(action="login_failed").count() == answers.count("wrong")


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    fail(5, address="2001:db8:0:1::1")
    assert outcome(by_api("alice", PASSWORD, "2001:db8:0:1:ffff::2")) == "wait"
    assert outcome(by_api("alice", PASSWORD, "2001:db8:0:2::1")) == "in"
    fail(5, "bob", "::ffff:10.0.0.9")
    assert outcome(by_api("bob", PASSWORD, "10.0.0.9")) == "wait"
    assert outcome(by_api("bob", PASSWORD, "10.0.0.8")) == "in"


def test_what_is_counted_tells_nobody_who_tried(alice: User) -> None:
    fail(1)
    kept = str(list(Attempt.objects.values()))
    assert "alice" not in kept
    assert HERE not in kept


def test_every_outcome_is_audited_with_name_and_address(alice: User) -> None:
    by_api("alice", PASSWORD)
    by_page("alice", PASSWORD, THERE)
    by_api("alice", "wrong")
    by_api("who", "wrong", THERE)
    signed_in = AuditEvent.objects.filter(action__startswith="login").order_by("at")
    found = signed_in.values_list("action", "actor_name", "actor", "address")
    assert list(found) == [
        ("login", "alice", alice.pk, HERE),
        ("login", "alice", alice.pk, THERE),
        ("login_failed", "alice", None, HERE),
        ("login_failed", "who", None, THERE),
    ]
    assert PASSWORD not in str(AuditEvent.objects.values())


def test_an_inactive_account_is_like_a_wrong_password(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert told(by_api("alice", PASSWORD)) == told(by_api("nobody", PASSWORD))
    assert by_page("alice", PASSWORD).status_code == 200


def test_signing_in_changes_the_session_key() -> None:
    client = browser(None)
    client.get("/login")
    client.session["x"] = 1
    client.session.save()
    before = client.session.session_key
    client.post("/login", {"username": "alice", "password": PASSWORD})
    assert client.session.session_key != before
    assert "x" not in client.session


@pytest.mark.parametrize(
    "wanted", ["//evil.test/", "https://evil.test", "\\\\evil.test", "javascript:alert(1)", "/\\evil.test"]
)
def test_signing_in_leads_to_our_own_pages_only(wanted: str) -> None:
    answer = browser(None).post("/login", {"username": "alice", "password": PASSWORD, "next": wanted})
    assert answer["Location"] == "/"


# --- tokens ---------------------------------------------------------------------------------------------------


def test_a_token_ends_with_logout_and_only_that_one(alice: User) -> None:
    one, other = api(alice), api(alice)
    assert one.post("/api/auth/logout").status_code == 204
    assert one.get("/api/recordings").status_code == 401
    assert other.get("/api/recordings").status_code == 200


def test_a_token_ends_by_itself(alice: User) -> None:
    client = api(alice)
    Token.objects.update(expires_at=timezone.now() + timedelta(seconds=60))
    assert client.get("/api/recordings").status_code == 200
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/recordings").status_code == 401


@pytest.mark.parametrize("enter", [api, browser])
def test_a_deactivated_user_is_out_at_once(alice: User, enter: Any) -> None:
    client = enter(alice)
    assert client.get("/api/recordings").status_code == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/api/recordings").status_code == 401


def test_a_demoted_admin_is_no_admin_at_once(ada: User) -> None:
    clients = (api(ada), browser(ada))
    assert {client.get("/api/admin/recordings").status_code for client in clients} == {200}
    User.objects.filter(pk=ada.pk).update(is_staff=False)
    assert {client.get("/api/admin/recordings").status_code for client in clients} == {403}


def test_a_changed_password_ends_browser_sessions(alice: User) -> None:
    client = browser(alice)
    alice.set_password("another long one")
    alice.save()
    assert client.get("/api/recordings").status_code == 401


def test_tokens_are_kept_as_hashes(alice: User) -> None:
    token, seconds = tokens.create_for_login(alice, Actor(alice), agent="tests")
    assert seconds == 24 * 3600
    kept = str([*Token.objects.values(), *AuditEvent.objects.values()])
    assert token not in kept
    assert token[:16] not in kept


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer a b",
        "Bearer zz",
        "Bearer \xff\xfe",
        "Bearer " + "f" * 5000,
        "Bearer é",
        "Basic YTpi",
        "bearer",
    ],
)
def test_what_is_no_token_opens_nothing(header: str) -> None:
    answer = APIClient(raise_request_exception=False).get("/api/recordings", HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="Sortie"')


def test_a_wrong_token_is_not_saved_by_a_cookie(alice: User) -> None:
    answer = browser(alice).get("/api/recordings", HTTP_AUTHORIZATION="Bearer 00")
    assert answer.status_code == 401


# --- the cookie and its header --------------------------------------------------------------------------------

TOKEN = "a" * 32
FORGERIES: dict[str, dict[str, str]] = {
    "no header": {},
    "another token": {"HTTP_X_CSRFTOKEN": "b" * 32},
    "no token at all": {"HTTP_X_CSRFTOKEN": ""},
    "another origin": {"HTTP_X_CSRFTOKEN": TOKEN, "HTTP_ORIGIN": "https://evil.test"},
    "no origin": {"HTTP_X_CSRFTOKEN": TOKEN, "HTTP_ORIGIN": "null"},
}


@pytest.fixture
def forger(alice: User, settings: Settings) -> Client:
    """Alice's browser, steered by somebody else's page."""
    client = browser(alice, csrf=False)
    client.cookies[settings.CSRF_COOKIE_NAME] = TOKEN
    return client


@pytest.mark.parametrize("headers", FORGERIES.values(), ids=FORGERIES)
def test_a_cookie_alone_changes_nothing(alice: User, forger: Client, headers: dict[str, str]) -> None:
    recording = started(alice)
    at = f"/api/recordings/{recording.pk}"
    session = f"/api/sessions/{recording.session_id}"
    sent = {"csrfmiddlewaretoken": TOKEN, "app_id": "x", "recording_id": str(recording.pk)}
    for method, address in [
        ("POST", "/api/sessions"),
        ("POST", f"{session}/stop"),
        ("POST", f"{session}/recording/start"),
        ("POST", f"{session}/recording/stop"),
        ("POST", f"{session}/recording/upload"),
        ("PATCH", at),
        ("DELETE", at),
        ("POST", f"{at}/restore"),
        ("POST", f"{at}/markers"),
        ("PUT", "/api/admin/settings"),
    ]:
        answer = getattr(forger, method.lower())(address, sent, content_type="application/json", **headers)
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json"), address
        assert "X-CSRFToken" in answer.json()["detail"]
    assert Session.objects.count() == Recording.objects.count() == 1
    assert Recording.objects.get().status == "recording"


def test_the_header_from_our_own_page_is_enough(forger: Client) -> None:
    headers = {"HTTP_X_CSRFTOKEN": TOKEN, "HTTP_ORIGIN": "http://testserver"}
    answer = forger.post("/api/sessions", {"app_id": "x"}, content_type="application/json", **headers)  # type: ignore[arg-type]
    assert answer.status_code == 201


def test_over_https_the_origin_is_that_of_https(forger: Client) -> None:
    for origin, status in (("https://testserver", 201), ("http://testserver", 403)):
        headers = {"HTTP_X_CSRFTOKEN": TOKEN, "HTTP_ORIGIN": origin}
        answer = forger.post("/api/sessions", {"app_id": "x"}, "application/json", secure=True, **headers)  # type: ignore[arg-type]
        assert answer.status_code == status


def test_a_token_needs_no_header(alice: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    header = f"Bearer {token_of(alice)}"
    answer = client.post("/api/sessions", {"app_id": "x"}, format="json", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 201


# --- before a body is read ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with Web(database_url()) as server:
        yield server


@pytest.mark.django_db(transaction=True)
def test_who_may_not_upload_is_told_before_anything_is_sent(
    alice: User, bob: User, web: Web, settings: Settings
) -> None:
    recording = started(alice)
    cookies = {name: client.cookies for name, client in (("alice", browser(alice)), ("bob", browser(bob)))}
    path = f"/api/sessions/{recording.session_id}/recording/upload"
    both = f"{settings.CSRF_COOKIE_NAME}={TOKEN}; {settings.SESSION_COOKIE_NAME}="
    key = {name: jar[settings.SESSION_COOKIE_NAME].value for name, jar in cookies.items()}
    announced: dict[str, str | int] = {"Content-Type": FORM, "Content-Length": 50_000_000}
    for headers, status in (
        ({}, 401),
        ({"Cookie": both + key["alice"]}, 403),
        ({"Cookie": both + key["bob"], "X-CSRFToken": TOKEN}, 403),
        ({"Authorization": "Bearer 00"}, 401),
    ):
        with web.connected() as wire:
            wire.head("POST", path, {**announced, **headers})
            assert wire.answer()[0] == status
    assert web.staged() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/login", "/recordings/delete", "/admin/login/"])
def test_pages_keep_no_files_that_are_sent_to_them(web: Web, settings: Settings, path: str) -> None:
    whole = form(file(b"x" * 6_000_000))
    with web.connected() as wire:
        cookie = f"{settings.CSRF_COOKIE_NAME}={TOKEN}"
        wire.head("POST", path, {"Content-Type": FORM, "Content-Length": len(whole), "Cookie": cookie})
        wire.send(whole[:-1])
        files = (path for path in web.temporary.rglob("*") if path.is_file())
        kept = [path.stat().st_size for path in files if path.suffix != ".db"]  # .db: what the process counts
        wire.send(whole[-1:])
        assert wire.answer()[0] == 403
    assert sum(kept) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "status"), [("alice", 302), ("nobody", 200)])
def test_nobody_keeps_a_connection_while_a_password_is_hashed(
    alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    settings.PASSWORD_HASHERS = ["recordings.hashing.Hasher"]
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1)
    alice.set_password(PASSWORD)
    alice.save()
    encode, kept = PBKDF2PasswordHasher.encode, []

    def looked_at(self: PBKDF2PasswordHasher, *args: Any) -> str:
        kept.append(connection.connection)
        return encode(self, *args)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", looked_at)
    assert by_page(name, PASSWORD).status_code == status
    assert kept == [None]
