"""Accounts: who adds one, changes it or its password is in the audit log, and a new password ends tokens."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from recordings import first_admin, logins
from recordings.models import Action, AuditEvent, Token, User
from tests.making import api, browser, token_of

pytestmark = pytest.mark.django_db

OLD, NEW = "correct horse battery", "a staple of paper clips"
USERS = "/admin/recordings/user"


@pytest.fixture(autouse=True)
def password(alice: User) -> None:
    alice.set_password(OLD)
    alice.save()


def told() -> list[tuple[str, str, dict[str, Any]]]:
    """What the log says of accounts but ada's: action, who, detail."""
    found = AuditEvent.objects.filter(action__in=[Action.USER_ADD, Action.USER_CHANGE, Action.PASSWORD])
    return list(found.exclude(detail__account="ada").order_by("at").values_list("action", "actor_name", "detail"))


def typed(present: str = OLD, new: str = NEW, again: str = NEW) -> dict[str, str]:
    return {"present": present, "new": new, "again": again}


# --- one's own password ---------------------------------------------------------------------------------------


def test_a_user_changes_their_password_and_is_signed_out_everywhere_else(alice: User) -> None:
    here, elsewhere, program = browser(alice), browser(alice), api(alice)
    answer = here.post("/account/password", typed())
    assert (answer.status_code, answer["Location"]) == (302, "/account")
    assert "Your password was changed" in here.get("/account").content.decode()
    assert elsewhere.get("/account").status_code == 302
    assert program.get("/api/recordings").status_code == 401
    assert told() == [("password", "alice", {"account": "alice"})]
    assert User.objects.get(pk=alice.pk).check_password(NEW)
    assert NEW not in str(AuditEvent.objects.values())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (typed(present="wrong"), "This is not your password."),
        (typed(present=""), "Type the password you have now."),
        (typed(new=""), "Type a new password."),
        (typed(new="short", again="short"), "too short"),
        (typed(new="alice-12", again="alice-12"), "too similar to the username"),
        (typed(again="something else"), "This is not what you typed above."),
        (typed(again=""), "This is not what you typed above."),
    ],
)
def test_what_will_not_do_is_said_beside_the_field(alice: User, given: dict[str, str], words: str) -> None:
    client, program = browser(alice), api(alice)
    answer = client.post("/account/password", given)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert User.objects.get(pk=alice.pk).check_password(OLD)
    assert program.get("/api/recordings").status_code == 200
    assert told() == []


def test_who_sits_down_at_somebody_elses_browser_cannot_guess(alice: User) -> None:
    client = browser(alice)
    for _ in range(logins.TRIES_PER_NAME):
        assert client.post("/account/password", typed(present="guess")).status_code == 400
    answer = client.post("/account/password", typed())
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 200
    assert client.post("/login", {"username": "alice", "password": OLD}).status_code == 429
    assert AuditEvent.objects.filter(action=Action.LOGIN_FAILED).count() == logins.TRIES_PER_NAME


def test_a_mistake_left_in_the_address_leads_back(alice: User) -> None:
    for path in ("/account/password", "/account/tokens"):
        assert browser(alice).get(path)["Location"] == "/account"


def test_who_has_no_password_is_not_asked_for_one(bob: User) -> None:
    bob.set_unusable_password()
    bob.save()
    assert "Present password" not in browser(bob).get("/account").content.decode()
    assert browser(bob).post("/account/password", typed(present="")).status_code == 400
    assert browser(bob).post("/account/password", typed()).status_code == 400


def test_the_admins_door_leads_to_the_same_page(ada: User) -> None:
    assert browser(ada).get("/admin/password_change/")["Location"] == "/account"


# --- by admins ------------------------------------------------------------------------------------------------


def change(client: Client, user: User, **changes: Any) -> int:
    given = {"username": user.username, "is_active": "on", **changes}
    return client.post(f"{USERS}/{user.pk}/change/", {k: v for k, v in given.items() if v}).status_code


def test_every_change_of_access_is_in_the_log(ada: User, alice: User) -> None:
    client = browser(ada)
    assert change(client, alice, is_staff="on", is_superuser="on") == 302
    assert change(client, alice, is_active="", email="alice@example.org") == 302
    assert change(client, alice, is_active="", email="alice@example.org") == 302
    assert told() == [
        ("user_change", "ada", {"account": "alice", "is_staff": True, "is_superuser": True}),
        (
            "user_change",
            "ada",
            {
                "account": "alice",
                "is_active": False,
                "is_staff": False,
                "is_superuser": False,
                "fields": ["email"],
            },
        ),
    ]
    page = client.get("/admin/recordings/auditevent/?action__exact=user_change").content.decode()
    assert "no longer active · no longer admin · no longer superuser" in page


def test_an_account_that_is_added_is_in_the_log(ada: User) -> None:
    given = {"username": "zoe", "password1": NEW, "password2": NEW}
    assert browser(ada).post(f"{USERS}/add/", given).status_code == 302
    assert told() == [("user_add", "ada", {"account": "zoe"})]
    assert browser(ada).post(f"{USERS}/add/", given).status_code == 200
    assert len(told()) == 1


def test_a_password_an_admin_sets_ends_tokens_and_is_in_the_log(ada: User, alice: User) -> None:
    client, theirs, program = browser(ada), browser(alice), api(alice)
    assert client.post(f"{USERS}/{alice.pk}/password/", {"new": NEW, "again": "x"}).status_code == 400
    assert program.get("/api/recordings").status_code == 200
    assert told() == []
    assert client.post(f"{USERS}/{alice.pk}/password/", {"new": NEW, "again": NEW}).status_code == 302
    assert program.get("/api/recordings").status_code == 401
    assert theirs.get("/").status_code == 302
    assert told() == [("password", "ada", {"account": "alice"})]


def test_a_password_an_admin_takes_away_ends_tokens_too(ada: User, alice: User) -> None:
    program = api(alice)
    assert browser(ada).post(f"{USERS}/{alice.pk}/password/", {"take": "yes"}).status_code == 302
    assert "Take the password away" not in browser(ada).get(f"{USERS}/{alice.pk}/password/").content.decode()
    assert program.get("/api/recordings").status_code == 401
    assert told() == [("password", "ada", {"account": "alice", "none": True})]


def test_an_admin_who_sets_their_own_stays_signed_in(ada: User) -> None:
    client = browser(ada)
    client.post(f"{USERS}/{ada.pk}/password/", {"new": NEW, "again": NEW})
    assert client.get("/account").status_code == 200
    assert client.get(f"{USERS}/00000000-0000-4000-8000-000000000000/password/").status_code == 404


# --- from the command line ------------------------------------------------------------------------------------


def answers(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    typed_in = iter(texts)
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed_in))


def test_a_forgotten_password_is_changed_by_the_operator(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    program, said = api(alice), StringIO()
    answers(monkeypatch, NEW, "another", "short", "short", NEW, NEW)
    call_command("changepassword", "alice", stdout=said, stderr=said)
    assert "different" in said.getvalue()
    assert "too short" in said.getvalue()
    assert User.objects.get(pk=alice.pk).check_password(NEW)
    assert program.get("/api/recordings").status_code == 401
    assert told() == [("password", "", {"account": "alice"})]


def test_an_operator_who_cannot_type_changes_nothing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, *["short"] * 6)
    with pytest.raises(CommandError, match="stays as it was"):
        call_command("changepassword", "alice", stdout=StringIO(), stderr=StringIO())
    with pytest.raises(CommandError, match="no user called zoe"):
        call_command("changepassword", "zoe")
    assert told() == []


def test_admins_made_from_the_command_line_are_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
    call_command("createsuperuser", "--noinput", "--username", "eve", "--email", "", stdout=StringIO())
    User.objects.exclude(username="eve").delete()
    User.objects.filter(username="eve").delete()
    first_admin.create("admin", NEW)
    rights = {"is_staff": True, "is_superuser": True}
    assert told() == [
        ("user_add", "", {"account": "eve", **rights}),
        ("user_add", "", {"account": "admin", **rights}),
    ]


# --- any other way --------------------------------------------------------------------------------------------


def test_tokens_end_however_a_password_is_changed(alice: User) -> None:
    token_of(alice)
    alice.set_password(NEW)
    alice.save()
    assert not Token.objects.exists()


def test_but_not_when_the_same_one_is_hashed_anew(alice: User, settings: Settings) -> None:
    """A new release of Django counts more rounds: whoever signs in has their hash replaced."""
    token_of(alice)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert Client().post("/login", {"username": "alice", "password": OLD}).status_code == 302
    assert User.objects.get(pk=alice.pk).password.startswith("pbkdf2_")
    assert Token.objects.count() == 1


def test_nor_when_something_else_is_changed(alice: User) -> None:
    token_of(alice)
    alice.first_name = "Alice"
    alice.save()
    User.objects.create(username="zoe", password=make_password(NEW))
    assert Token.objects.count() == 1
