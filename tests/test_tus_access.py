"""Who may send to an upload: its owner, for as long as he may, by token or by cookie with the CSRF header."""

import pytest
from django.conf import settings as portal
from django.test import Client
from pytest_django import Settings

from recordings.api import tus as views
from recordings.ingest.grants import BELIEVED_FOR, Grants
from recordings.models import Recording, Status, Token, Upload, User
from tests import tus_client
from tests.making import api, browser, staged
from tests.tus_client import UPLOADS, Tus

pytestmark = pytest.mark.django_db
DATA = tus_client.recording()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The one by which looks grow old."""
    clock = Clock()
    monkeypatch.setattr(views, "_grants", Grants(clock=clock, chance=max))
    return clock


@pytest.fixture
def tus(alice: User, clock: Clock) -> Tus:
    return Tus(api(alice))


@pytest.fixture
def address(tus: Tus) -> str:
    """An upload that has 100 bytes, and whose sender has been looked up just now."""
    begun = tus.begun(len(DATA))
    assert tus.patch(begun, 0, DATA[:100]).status_code == 204
    return begun


def test_nobody_needs_no_upload() -> None:
    nobody = Tus(browser(None))
    assert nobody.create(5).status_code == 401
    assert nobody.create(len(DATA), DATA).status_code == 401
    assert not Upload.objects.exists()
    assert not Recording.objects.exists()
    assert staged() == []


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer 0000", "Bearer a b", "Basic YTpi", "Token x"])
def test_nobody_learns_of_an_upload(address: str, tus: Tus, authorization: str | None) -> None:
    nobody = Tus(Client())
    for answer in (
        nobody.head(address, Authorization=authorization),
        nobody.patch(address, 100, DATA[100:200], Authorization=authorization),
        nobody.delete(address, Authorization=authorization),
    ):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert tus.offset(address) == 100


@pytest.mark.parametrize("who", ["bob", "ada"])
def test_others_are_told_that_there_is_none(
    address: str, tus: Tus, who: str, request: pytest.FixtureRequest
) -> None:
    """Admins see everybody's recordings, but nobody adds to what another one records."""
    for other in (Tus(api(request.getfixturevalue(who))), Tus(browser(request.getfixturevalue(who)))):
        assert other.head(address).status_code == 404
        assert other.patch(address, 100, DATA[100:200]).status_code == 404
        assert other.delete(address).status_code == 404
    assert tus.offset(address) == 100


def test_a_browser_needs_the_csrf_header(address: str, alice: User, tus: Tus) -> None:
    without, with_it = Tus(browser(alice, csrf=False)), Tus(browser(alice))
    assert without.create(5).status_code == 403
    assert without.patch(address, 100, DATA[100:200]).status_code == 403
    assert without.delete(address).status_code == 403
    assert without.head(address).status_code == 200
    assert with_it.patch(address, 100, DATA[100:200]).status_code == 204
    assert with_it.create(5).status_code == 201
    assert with_it.delete(address).status_code == 204


def test_a_look_does_not_replace_the_csrf_header(address: str, alice: User, tus: Tus) -> None:
    page = browser(alice)
    assert Tus(page).patch(address, 100, DATA[100:200]).status_code == 204
    page.defaults.pop("HTTP_X_CSRFTOKEN")
    assert Tus(page).patch(address, 200, DATA[200:300]).status_code == 403
    assert Tus(page).patch(address, 200, DATA[200:300], X_CSRFToken="b" * 32).status_code == 403


def test_a_token_of_a_proxy_does_not_stand_for_a_user(address: str, alice: User, bob: User) -> None:
    """Behind a proxy that asks for a password of its own everybody sends the same header."""
    shared = {"Authorization": "Basic c2hhcmVkOnBhc3N3b3Jk"}
    assert Tus(browser(alice)).patch(address, 100, DATA[100:200], **shared).status_code == 204
    assert Tus(browser(bob)).patch(address, 200, DATA[200:300], **shared).status_code == 404
    assert Tus(Client()).patch(address, 200, DATA[200:300], **shared).status_code == 401
    assert Tus(browser(alice, csrf=False)).patch(address, 200, DATA[200:300], **shared).status_code == 403


def test_a_look_is_believed_for_five_seconds_and_no_longer(
    address: str, tus: Tus, alice: User, clock: Clock
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    clock.now += BELIEVED_FOR - 0.01
    assert tus.patch(address, 100, DATA[100:200]).status_code == 204
    clock.now += 0.01
    assert tus.patch(address, 200, DATA[200:300]).status_code == 401
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert tus.offset(address) == 200
    assert BELIEVED_FOR == 5.0


def test_a_revoked_token_ends_an_upload(address: str, tus: Tus, clock: Clock) -> None:
    Token.objects.all().delete()
    clock.now += BELIEVED_FOR
    assert tus.patch(address, 100, DATA[100:200]).status_code == 401


def test_a_browser_that_signs_out_ends_its_uploads(address: str, alice: User, clock: Clock) -> None:
    page = browser(alice)
    assert Tus(page).patch(address, 100, DATA[100:200]).status_code == 204
    cookie = page.cookies[portal.SESSION_COOKIE_NAME].value
    page.logout()
    page.cookies[portal.SESSION_COOKIE_NAME] = cookie
    page.cookies[portal.CSRF_COOKIE_NAME] = "a" * 32
    clock.now += BELIEVED_FOR
    assert Tus(page).patch(address, 200, DATA[200:300]).status_code == 401


def test_a_recording_that_changed_hands_is_not_added_to(address: str, tus: Tus, bob: User, clock: Clock) -> None:
    Recording.objects.update(owner=bob)
    clock.now += BELIEVED_FOR
    assert tus.patch(address, 100, DATA[100:200]).status_code == 404


def test_what_ends_an_upload_is_looked_up_at_once(address: str, tus: Tus, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert tus.patch(address, 100, DATA[100:200]).status_code == 204
    assert tus.patch(address, 200, DATA[200:]).status_code == 401
    assert Recording.objects.get().status == Status.UPLOADING
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert tus.offset(address) == 200


def test_a_lower_limit_holds_for_uploads_under_way(
    address: str, tus: Tus, clock: Clock, settings: Settings
) -> None:
    large = tus.begun(3 * 1024 * 1024)
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    clock.now += BELIEVED_FOR
    piece = tus_client.recording(2, size=700_000)
    assert tus.patch(large, 0, piece).status_code == 413


def test_pieces_do_without_the_database_between_two_looks(
    address: str, tus: Tus, django_assert_num_queries: object
) -> None:
    assert callable(django_assert_num_queries)
    with django_assert_num_queries(0):
        for at in range(100, 1000, 100):
            assert tus.patch(address, at, DATA[at : at + 100]).status_code == 204


def test_few_looks_are_remembered(alice: User) -> None:
    assert Tus(api(alice)).head(f"{UPLOADS}/00000000-0000-4000-8000-000000000000").status_code == 404
    assert len(views._grants._seen) <= 4096
