"""Who gets into the admin, by which door, and what only superusers may do there."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from recordings import logins
from recordings.admin.site import PortalAdminSite, site
from recordings.models import Action, AuditEvent, User
from tests.making import browser, session_of, started, token_of

LISTS = [
    "/admin/",
    "/admin/recordings/recording/",
    "/admin/recordings/session/",
    "/admin/recordings/auditevent/",
    "/admin/recordings/policy/1/change/",
    "/admin/recordings/user/",
    "/admin/recordings/token/",
    "/admin/recordings/sharelink/",
]
NEW_PASSWORD = "a long-lost password"

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(db: None) -> User:
    """An admin who is no superuser."""
    return User.objects.create_user("sam", is_staff=True)


def pages(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def test_the_site_is_ours_and_has_no_pages_but_ours() -> None:
    assert isinstance(admin.site._wrapped, PortalAdminSite)  # type: ignore[attr-defined]
    assert site is admin.site
    assert not site.is_registered(Group)
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_group_changelist")


@pytest.mark.parametrize("address", LISTS)
def test_pages_are_for_admins(address: str, alice: User, ada: User, sam: User) -> None:
    visitor = pages(None).get(address)
    assert (visitor.status_code, visitor["Location"]) == (302, f"/admin/login/?next={address}")
    assert pages(alice).get(address).status_code == 403
    assert pages(ada).get(address).status_code == pages(sam).get(address).status_code == 200


def test_an_admin_who_is_deactivated_is_out(ada: User) -> None:
    client = pages(ada)
    page(client, "/admin/")
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert client.get("/admin/").status_code == 302


def test_signing_in_is_the_portals_own(ada: User) -> None:
    ada.set_password("correct horse battery")
    ada.save()
    client = Client()
    to_page = client.get("/admin/login/?next=/admin/recordings/policy/")
    assert to_page["Location"] == "/login?next=/admin/recordings/policy/"
    answer = client.post("/login", {"username": "ada", "password": "correct horse battery", "next": "/admin/"})
    assert answer["Location"] == "/admin/"
    assert AuditEvent.objects.filter(action=Action.LOGIN, actor=ada).exists()


def test_the_admins_door_looks_at_no_password(ada: User) -> None:
    ada.set_password("correct horse battery")
    ada.save()
    client = Client()
    answer = client.post("/admin/login/", {"username": "ada", "password": "correct horse battery"})
    assert answer["Location"].startswith("/login?next=")
    assert client.get("/admin/").status_code == 302
    for _ in range(logins.TRIES_PER_NAME):
        client.post("/login", {"username": "ada", "password": "wrong", "next": "/admin/"})
    refused = client.post("/login", {"username": "ada", "password": "correct horse battery", "next": "/admin/"})
    assert refused.status_code == 429


def test_a_user_at_the_admins_door_is_refused_and_not_sent_round_in_circles(alice: User) -> None:
    assert pages(alice).get("/admin/login/?next=/admin/").status_code == 403


def test_signing_out(ada: User) -> None:
    client = pages(ada)
    assert client.post("/admin/logout/")["Location"] == "/login"
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("address", LISTS)
def test_the_strict_policy_holds_and_nothing_is_inline(address: str, ada: User) -> None:
    started(ada)
    answer = pages(ada).get(address)
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    text = answer.content.decode()
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick=" not in text
    assert text.count("<script") == text.count('<script type="module" src=')


def test_addresses_of_stock_django_that_mean_nothing_here(ada: User) -> None:
    client = pages(ada)
    assert client.get("/admin/recordings/")["Location"] == "/admin/"
    recording = started(ada)
    history = client.get(f"/admin/recordings/recording/{recording.pk}/history/")
    assert history["Location"] == f"/admin/recordings/auditevent/?q={recording.pk}"
    assert client.get("/admin/recordings/recording/add/").status_code == 403
    assert client.get(f"/admin/recordings/recording/{session_of(ada).pk}/change/").status_code == 302
    assert client.get("/admin/recordings/recording/no-id/change/").status_code == 302


def test_forms_need_their_token(ada: User) -> None:
    client = browser(ada, csrf=False)
    assert client.post("/admin/recordings/recording/do/delete/").status_code == 403


# --- Users ----------------------------------------------------------------------------------------------------


def test_any_admin_sees_users_but_only_superusers_manage_them(ada: User, sam: User, alice: User) -> None:
    address = f"/admin/recordings/user/{alice.pk}/change/"
    seen = page(pages(sam), address)
    assert "alice" in seen
    assert "_save" not in seen
    assert pages(sam).post(address, user_form(alice, is_staff="on")).status_code == 403
    assert pages(sam).get("/admin/recordings/user/add/").status_code == 403
    assert pages(sam).get(f"/admin/recordings/user/{alice.pk}/password/").status_code == 403

    assert pages(ada).post(address, user_form(alice, is_staff="on")).status_code == 302
    alice.refresh_from_db()
    assert alice.is_staff
    event = AuditEvent.objects.get(action=Action.USER_CHANGE)
    assert (event.actor, event.detail) == (ada, {"account": "alice", "is_staff": True})


def test_nobody_changes_their_own_access(ada: User) -> None:
    address = f"/admin/recordings/user/{ada.pk}/change/"
    assert 'name="is_superuser"' not in page(pages(ada), address)
    pages(ada).post(address, {"username": "ada", "first_name": "Ada"})
    ada.refresh_from_db()
    assert (ada.first_name, ada.is_active, ada.is_staff, ada.is_superuser) == ("Ada", True, True, True)


def test_users_are_added_and_never_deleted(ada: User, alice: User) -> None:
    client = pages(ada)
    given = {
        "username": "zoe",
        "usable_password": "true",
        **dict.fromkeys(("password1", "password2"), NEW_PASSWORD),
    }
    assert client.post("/admin/recordings/user/add/", given).status_code == 302
    assert User.objects.get(username="zoe").check_password(NEW_PASSWORD)
    assert client.post(f"/admin/recordings/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_a_password_is_set_for_somebody(ada: User, alice: User) -> None:
    address = f"/admin/recordings/user/{alice.pk}/password/"
    assert 'name="new"' in page(pages(ada), address)
    assert pages(ada).post(address, {"new": NEW_PASSWORD, "again": NEW_PASSWORD}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)


def test_users_are_found_and_filtered(ada: User, alice: User, bob: User) -> None:
    client = pages(ada)
    assert names(client, "?q=ali") == ["alice"]
    assert names(client, "?admins=yes") == ["ada"]
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert names(client, "?active=no") == ["bob"]
    assert f"/admin/recordings/recording/?user={alice.username}" in page(client, "/admin/recordings/user/?q=ali")


def names(client: Client, query: str) -> list[str]:
    return [user.username for user in client.get(f"/admin/recordings/user/{query}").context["cl"].result_list]


def user_form(user: User, **changes: Any) -> dict[str, Any]:
    return {"username": user.username, "is_active": "on", **changes}


# --- Tokens ---------------------------------------------------------------------------------------------------


def test_tokens_are_listed_without_themselves_and_revoked(
    ada: User, alice: User, bob: User, settings: Settings
) -> None:
    token, _ = token_of(alice), token_of(bob)
    client = pages(ada)
    listed = page(client, "/admin/recordings/token/?user=alice")
    assert token not in listed
    assert token[:11] in listed
    [row] = client.get("/admin/recordings/token/?user=alice").context["cl"].result_list
    asked = client.post("/admin/recordings/token/do/revoke/", {"_selected_action": row.pk})
    assert "refused from now on" in asked.content.decode()
    assert "Revoke “tests of alice”?" in asked.content.decode()
    assert row.digest not in listed + asked.content.decode()
    assert with_token(token) == 200
    client.post("/admin/recordings/token/do/revoke/", {"_selected_action": row.pk, "confirmed": "yes"})
    assert with_token(token) == 401
    event = AuditEvent.objects.filter(action=Action.TOKEN_REVOKE).get()
    assert (event.actor, event.detail["account"], event.detail["token"]) == (ada, "alice", "tests")
    assert len(client.get("/admin/recordings/token/").context["cl"].result_list) == 1


def with_token(token: str) -> int:
    return Client().get("/api/recordings", headers={"Authorization": f"Bearer {token}"}).status_code
