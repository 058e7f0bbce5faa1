"""Tokens: made for a purpose, shown once, used within their scopes, and ended."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from recordings import tokens
from recordings.audit import SORTIE, Actor
from recordings.models import Action, AuditEvent, Token, User
from recordings.permissions import Can, Scope, can, missing_scope
from tests.making import api, browser, holding, ready, session_of, started

pytestmark = pytest.mark.django_db


def made(user: User, *scopes: Scope, name: str = "CI", days: float | None = 1) -> tuple[Token, str]:
    end = None if days is None else timezone.now() + timedelta(days=days)
    return tokens.create(user, Actor(user), name=name, scopes=scopes or tuple(Scope), expires_at=end)


def shown_in(answer: Any) -> str:
    found = re.search(r'value="(sortie_[A-Za-z0-9]{40})"', answer.content.decode())
    assert found, answer.content.decode()
    return found[1]


def form(**changes: Any) -> dict[str, Any]:
    return {"name": "CI", "scopes": ["read"], "lasts": "90", **changes}


# --- making ---------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_a_hash(alice: User) -> None:
    client = browser(alice)
    answer = client.post("/account/tokens", form(scopes=["upload", "read"]))
    secret = shown_in(answer)
    assert "no-store" in answer["Cache-Control"]
    assert secret not in client.get("/account").content.decode()
    token = Token.objects.get()
    assert (token.name, token.scopes, token.from_login) == ("CI", "read upload", False)
    assert timedelta(days=89.9) < (token.expires_at or timezone.now()) - timezone.now() < timedelta(days=90)
    kept = str([*Token.objects.values(), *AuditEvent.objects.values()])
    assert secret not in kept
    assert secret[: len(token.begins_with) + 1] not in kept
    assert holding(secret).get("/api/recordings").status_code == 200
    event = AuditEvent.objects.get(action=Action.TOKEN_CREATE)
    assert (event.actor, event.detail["token"], event.detail["scopes"]) == (alice, "CI", "read upload")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (form(name=""), "a name that says what it is for"),
        (form(name="\u202e \x07"), "a name that says what it is for"),
        (form(scopes=[]), "Say what the token may be used for."),
        (form(scopes=["admin"]), "admin is not one of the available choices"),
        (form(lasts="100000"), "100000 is not one of the available choices"),
        (form(name="taken"), "There is a token called “taken” already."),
    ],
)
def test_what_cannot_be_made_is_said(alice: User, given: dict[str, Any], words: str) -> None:
    made(alice, name="taken")
    answer = browser(alice).post("/account/tokens", given)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert Token.objects.count() == 1


def test_sent_again_by_a_reload_it_makes_no_second_one(alice: User) -> None:
    client = browser(alice)
    shown_in(client.post("/account/tokens", form()))
    assert client.post("/account/tokens", form()).status_code == 400
    assert Token.objects.count() == 1


def test_two_people_may_give_the_same_name(alice: User, bob: User) -> None:
    assert made(alice)[1] != made(bob)[1]


def test_there_is_an_end_to_how_many_one_may_have(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 2)
    made(alice, name="a")
    made(alice, name="b")
    api(alice)
    with pytest.raises(tokens.BadToken, match="revoke some"):
        made(alice, name="c")
    with pytest.raises(tokens.BadToken, match="in the future"):
        made(alice, name="d", days=-1)


def test_signing_in_gives_one_that_may_do_everything_for_a_day(alice: User) -> None:
    alice.set_password("correct horse battery")
    alice.save()
    given = {"username": "alice", "password": "correct horse battery"}
    answer = Client().post("/api/auth/login", given, "application/json", headers={"User-Agent": "sortie/0.1\u202e"})
    assert answer.json()["expires_in"] == 86_400
    assert answer.json()["access_token"].startswith("sortie_")
    token = Token.objects.get()
    assert (token.from_login, token.scopes, token.name) == (True, "read upload manage", "sortie/0.1")
    assert "sortie/0.1" in browser(alice).get("/account").content.decode()


def test_superusers_make_tokens_for_others_and_other_admins_do_not(ada: User, alice: User) -> None:
    add = "/admin/recordings/token/add/"
    sam = User.objects.create_user("sam", is_staff=True)
    assert browser(sam).get(add).status_code == 403
    assert browser(sam).post(add, form(user="ada")).status_code == 403
    assert "Add token" not in browser(sam).get("/admin/recordings/token/").content.decode()
    assert "Add token" in browser(ada).get("/admin/recordings/token/").content.decode()
    secret = shown_in(browser(ada).post(add, form(user="alice")))
    assert holding(secret).get("/api/recordings").status_code == 200
    event = AuditEvent.objects.get(action=Action.TOKEN_CREATE)
    assert (event.actor, event.detail["account"]) == (ada, "alice")
    for wrong in (form(user="nobody"), form(), form(user="alice")):
        assert browser(ada).post(add, wrong).status_code == 400
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert browser(ada).post(add, form(user="alice", name="x")).status_code == 400


# --- manage.py create_token -----------------------------------------------------------------------------------


def created(*arguments: str) -> str:
    said = StringIO()
    call_command("create_token", *arguments, stdout=said)
    return said.getvalue().strip()


def test_the_command_prints_a_token_and_nothing_else(alice: User) -> None:
    secret = created("alice", "--name", "agent")
    token = Token.objects.get()
    assert holding(secret).get("/api/recordings").status_code == 200
    assert (token.scopes, token.name) == ("read", "agent")
    assert AuditEvent.objects.get(action=Action.TOKEN_CREATE).actor_name == ""


@pytest.mark.parametrize(
    ("expires", "end"),
    [
        ("7", timedelta(days=7)),
        ("2100-01-31", datetime(2100, 1, 31, tzinfo=UTC)),
        ("never", None),
    ],
)
def test_the_command_takes_an_end(alice: User, expires: str, end: timedelta | datetime | None) -> None:
    created("alice", "--name", "x", "--scope", "upload", "--scope", "read", "--expires", expires)
    token = Token.objects.get()
    assert token.scopes == "read upload"
    wanted = timezone.now() + end if isinstance(end, timedelta) else end
    assert token.expires_at == wanted or abs(token.expires_at - wanted) < timedelta(minutes=1)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody", "--name", "x"), "no active user called nobody"),
        (("alice", "--name", " "), "a name"),
        (("alice", "--name", "x", "--scope", "root"), "invalid choice"),
        (("alice", "--name", "x", "--expires", "0"), "in the future"),
        (("alice", "--name", "x", "--expires", "soon"), "a number of days"),
        (("alice", "--name", "x", "--expires", "9" * 30), "a number of days"),
        (("alice", "--name", "x", "--expires", "2020-01-01"), "in the future"),
    ],
)
def test_the_command_says_what_is_wrong(alice: User, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        created(*arguments)
    assert not Token.objects.exists()


# --- ending ---------------------------------------------------------------------------------------------------


def test_a_revoked_token_is_refused_at_once(alice: User) -> None:
    token, secret = made(alice)
    program = holding(secret)
    assert program.get("/api/recordings").status_code == 200
    answer = browser(alice).post(f"/account/tokens/{token.pk}/revoke")
    assert answer["Location"] == "/account"
    assert program.get("/api/recordings").status_code == 401
    event = AuditEvent.objects.get(action=Action.TOKEN_REVOKE)
    assert (event.actor, event.detail["token"]) == (alice, "CI")
    browser(alice).post(f"/account/tokens/{token.pk}/revoke")
    assert AuditEvent.objects.filter(action=Action.TOKEN_REVOKE).count() == 1


def test_nobody_revokes_anothers_not_even_an_admin_on_this_page(alice: User, bob: User, ada: User) -> None:
    token, secret = made(alice)
    for stranger in (bob, ada):
        assert browser(stranger).post(f"/account/tokens/{token.pk}/revoke").status_code == 302
        assert "CI" not in browser(stranger).get("/account").content.decode()
    assert holding(secret).get("/api/recordings").status_code == 200


def test_a_token_that_is_over_or_whose_user_is_inactive_opens_nothing(alice: User) -> None:
    _, secret = made(alice)
    program = holding(secret)
    Token.objects.update(expires_at=timezone.now())
    assert program.get("/api/recordings").status_code == 401
    Token.objects.update(expires_at=None)
    assert program.get("/api/recordings").status_code == 200
    User.objects.update(is_active=False)
    assert program.get("/api/recordings").status_code == 401


def test_what_is_over_is_shown_for_a_week_and_then_forgotten(alice: User) -> None:
    now = timezone.now()
    made(alice, name="never", days=None)
    made(alice, name="over")
    Token.objects.filter(name="over").update(expires_at=now)
    tokens.create_for_login(alice, Actor(alice), agent="login")
    Token.objects.filter(name="login").update(expires_at=now)
    assert tokens.forget(now) == 1
    page = browser(alice).get("/account").content.decode()
    assert "over" in page
    assert "login" not in page
    assert tokens.forget(now + timedelta(days=7)) == 1
    assert Token.objects.get().name == "never"


# --- using ----------------------------------------------------------------------------------------------------


def test_its_use_is_noted_at_most_once_a_minute(alice: User) -> None:
    token, secret = made(alice)
    program = holding(secret)
    program.get("/api/recordings")
    first = Token.objects.get().last_used_at
    assert first is not None
    program.get("/api/recordings")
    assert Token.objects.get().last_used_at == first
    Token.objects.update(last_used_at=first - timedelta(minutes=1))
    program.get("/api/recordings")
    assert Token.objects.get().last_used_at > first - timedelta(minutes=1)  # type: ignore[operator]
    tokens.note_use(token, timezone.now())  # read before: somebody else has noted it meanwhile
    assert "used" in browser(alice).get("/account").content.decode()


def test_a_use_that_cannot_be_noted_is_answered(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> None:
        raise OperationalError("database is locked")

    _, secret = made(alice)
    monkeypatch.setattr(tokens, "note_use", locked)
    assert holding(secret).get("/api/recordings").status_code == 200


@pytest.mark.parametrize("change", [str.swapcase, lambda s: s[:-1], lambda s: s + "a", lambda s: s[7:], str.upper])
def test_almost_right_is_wrong(alice: User, change: Any) -> None:
    _, secret = made(alice)
    assert holding(change(secret)).get("/api/recordings").status_code == 401


def test_a_token_opens_no_page_and_makes_no_other(alice: User) -> None:
    _, secret = made(alice)
    program = holding(secret)
    for path in ("/account", "/account/tokens", "/", "/admin/"):
        assert program.get(path).status_code == 302, path
    assert program.post("/account/tokens", form(name="second")).status_code == 302
    assert Token.objects.count() == 1


# --- scopes ---------------------------------------------------------------------------------------------------


def test_every_action_needs_a_scope_and_what_is_new_needs_manage(alice: User) -> None:
    needs: dict[str, set[str]] = {}
    for action in Can:
        alice.scopes = frozenset()
        needs.setdefault(missing_scope(alice, action) or "", set()).add(action)
    assert needs == {
        "": {"sign_out"},
        "read": {"view", "download"},
        "upload": {"create_session", "capture", "stop"},
        "manage": set(Can) - {"sign_out", "view", "download", "create_session", "capture", "stop"},
    }


def test_the_policy_itself_refuses_without_the_scope(alice: User, ada: User) -> None:
    recording = started(alice)
    for user in (alice, ada):
        user.scopes = frozenset({Scope.READ})
        assert can(user, Can.VIEW, recording)
        assert not can(user, Can.DELETE, recording)
        assert not can(user, Can.CREATE_SESSION)
    assert not can(ada, Can.ADMINISTER)
    ada.scopes = frozenset({Scope.MANAGE})
    assert can(ada, Can.ADMINISTER)


def test_a_missing_scope_is_named_and_told_before_anything_is_looked_up(alice: User) -> None:
    recording = ready(alice)
    _, secret = made(alice, Scope.READ)
    for address in (f"/api/recordings/{recording.pk}", "/api/recordings/00000000-0000-4000-8000-000000000000"):
        answer = holding(secret).delete(address)
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
        assert answer.json()["detail"] == "The token may not be used for this: it lacks the scope “manage”."
        assert 'error="insufficient_scope", scope="manage"' in answer["WWW-Authenticate"]
    assert holding(secret).get(f"/api/recordings/{recording.pk}/download").status_code in (200, 302)


def test_a_token_to_upload_with_cannot_look_at_anything(alice: User) -> None:
    _, secret = made(alice, Scope.UPLOAD)
    program, session = holding(secret), session_of(alice)
    answer = program.post("/api/sessions", {"app_id": "x"}, format="json")
    assert answer.status_code == 201
    assert program.post(f"/api/sessions/{session.pk}/recording/start").status_code == 201
    for path in ("recordings", "sessions", f"sessions/{session.pk}", "admin/recordings"):
        assert program.get(f"/api/{path}").status_code == 403, path
    assert program.post("/api/auth/logout").status_code == 204
    assert program.get("/api/recordings").status_code == 401


def test_an_admins_token_to_read_with_changes_no_policy(ada: User) -> None:
    _, secret = made(ada, Scope.READ, Scope.UPLOAD)
    program = holding(secret)
    assert program.get("/api/admin/settings").status_code == 200
    assert program.put("/api/admin/settings", {"recording_auto_record": "true"}, format="json").status_code == 403
    desktop = {"app_id": "d", "target": "10.0.0.1:5900"}
    assert program.post("/api/sessions", desktop, format="json").status_code == 403
    somebody = User.objects.create_user("zoe")
    assert program.post("/api/sessions", {"app_id": "d", "user_id": somebody.pk}, format="json").status_code == 403


def test_a_users_token_to_manage_with_makes_no_admin(alice: User) -> None:
    _, secret = made(alice, *Scope)
    assert holding(secret).get("/api/admin/recordings").status_code == 403
    tokens.create(alice, SORTIE, name="x", scopes=[Scope.MANAGE], expires_at=None)
    assert not can(alice, Can.ADMINISTER)
