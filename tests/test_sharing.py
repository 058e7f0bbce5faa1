"""Share links: who makes them, what guests get by them, and how they end; each as an attacker would try it."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from recordings import sharing
from recordings.audit import Actor
from recordings.models import AuditEvent, Recording, ShareLink, User
from sortie.logs import HIDDEN, Json, Line
from tests.guests import PARTS, enters, guest, pictured, plays, shared, watch
from tests.making import api, browser, playable_of, started
from tests.playables import body

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(alice: User) -> Recording:
    return pictured(alice)


def links_of(user: User, recording: Recording) -> Any:
    return api(user).get(f"/api/recordings/{recording.pk}/shares").json()


# --- making and listing ---------------------------------------------------------------------------------------


def test_a_guest_sees_title_and_player_and_nothing_else(alice: User, recording: Recording) -> None:
    path, client = shared(recording), guest()
    page = client.get(path)
    text = page.content.decode()
    assert page.status_code == 200
    assert "Failover, second try" in text
    for hidden in ("alice", str(recording.pk), str(recording.session_id), "firefox", recording.sha256, "/api/"):
        assert hidden not in text
    assert "Download" not in text
    assert "noindex" in page["X-Robots-Tag"]
    assert "no-store" in page["Cache-Control"]
    media = watch(client, path)
    assert media.status_code == 200
    assert body(media) == playable_of(recording)
    for part in PARTS:
        answer = client.get(f"{path}/{part}")
        assert answer.status_code == 200, part
        assert "no-store" in answer["Cache-Control"]


def test_a_link_lasts_a_week_has_no_password_and_gives_no_file_unless_asked(recording: Recording) -> None:
    shared(recording)
    link = ShareLink.objects.get()
    assert timedelta(days=6.9) < link.expires_at - timezone.now() <= timedelta(days=7)
    assert (link.password, link.can_download, link.view_limit) == ("", False, None)


def test_only_hashes_are_kept(recording: Recording) -> None:
    secret = shared(recording, password="open sesame").rpartition("/")[2]
    kept = str([*ShareLink.objects.values(), *AuditEvent.objects.values()])
    assert len(secret) >= 22
    assert secret not in kept
    assert "open sesame" not in kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
        ({"days": 10**30}, "days"),
        ({"view_limit": 0}, "view_limit"),
        ({"view_limit": -1}, "view_limit"),
        ({"view_limit": 10**12}, "view_limit"),
        ({"can_download": "perhaps"}, "can_download"),
        ({"password": "x" * 1001}, "password"),
        ({"password": "\x00"}, "password"),
    ],
)
def test_what_makes_no_sense_is_refused(alice: User, recording: Recording, given: Any, words: str) -> None:
    answer = api(alice).post(f"/api/recordings/{recording.pk}/shares", given, format="json")
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert not ShareLink.objects.exists()


def test_only_what_is_ready_is_shared_and_not_without_end(
    alice: User, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = api(alice).post(f"/api/recordings/{started(alice).pk}/shares")
    assert (answer.status_code, "ready" in answer.json()["detail"]) == (409, True)
    monkeypatch.setattr(sharing, "MOST", 1)
    shared(recording)
    assert api(alice).post(f"/api/recordings/{recording.pk}/shares").status_code == 409
    sharing.revoke(ShareLink.objects.get(), Actor(alice))
    shared(recording)


def test_their_use_is_listed_for_owner_and_admins(alice: User, bob: User, ada: User, recording: Recording) -> None:
    path = shared(recording, can_download=True, view_limit=5, password="open sesame")
    client = guest()
    assert enters(client, path, "open sesame") == 302
    assert plays(client, path)
    client.get(f"{path}/download")
    [link] = links_of(alice, recording)
    facts = ("state", "author", "has_password", "can_download", "view_limit", "views", "downloads")
    assert [link[name] for name in facts] == ["open", "alice", True, True, 5, 1, 1]
    assert "url" not in link
    assert links_of(ada, recording) == [link]
    assert api(bob).get(f"/api/recordings/{recording.pk}/shares").status_code == 404
    assert api(bob).delete(f"/api/recordings/{recording.pk}/shares/{link['id']}").status_code == 404
    assert f"{recording.pk}" not in browser(bob).get(path).content.decode()


def test_everything_about_a_link_is_in_the_audit_log(alice: User, recording: Recording) -> None:
    path, client = shared(recording, can_download=True), guest()
    enters(client, path)
    for _ in range(3):
        plays(client, path)
    client.get(f"{path}/download")
    client.get(f"{path}/download", headers={"Range": "bytes=10-"})
    sharing.revoke(ShareLink.objects.get(), Actor(alice))
    told = AuditEvent.objects.filter(recording_id=recording.pk, detail__has_key="share").order_by("at", "id")
    assert list(told.values_list("action", "actor_name", "address")) == [
        ("share", "alice", "127.0.0.1"),
        ("view", "A guest", "10.0.0.9"),
        ("download", "A guest", "10.0.0.9"),
        ("unshare", "alice", None),
    ]
    assert "A guest" in browser(alice).get(f"/recordings/{recording.pk}").content.decode()


# --- passwords ------------------------------------------------------------------------------------------------


def test_without_its_password_a_link_gives_away_nothing_not_even_the_title(recording: Recording) -> None:
    path, client = shared(recording, password="open sesame"), guest()
    page = client.get(path)
    assert recording.title not in page.content.decode()
    for part in (*PARTS, "download"):
        assert client.get(f"{path}/{part}").status_code == 403, part
    assert enters(client, path, "open barley") == 200
    assert client.get(f"{path}/media").status_code == 403
    assert enters(client, path, "open sesame") == 302
    assert recording.title in client.get(path).content.decode()
    assert plays(client, path)


def test_a_visit_is_good_for_its_own_link_only(alice: User, recording: Recording) -> None:
    """Neither by cookie nor in the address, and a link with a password does not take it from the address at all."""
    path, other = shared(recording, password="open sesame"), shared(recording)
    client = guest()
    enters(client, other)
    visit = client.cookies["sortie-visit"].value
    link = ShareLink.objects.exclude(password="").get()
    for forged in (visit, sharing.new_visit(link)[:-1], sharing.new_visit(link).replace(":", "x"), "", ":::"):
        stranger = guest()
        stranger.cookies["sortie-visit"] = forged
        assert stranger.get(f"{path}/media").status_code == 403
    assert guest().get(f"{path}/media?v={sharing.new_visit(link)}").status_code == 403
    assert guest().get(f"{other}/media?v={visit}").status_code == 200


def test_guesses_at_a_password_are_slowed_down_for_who_guesses_and_nobody_else(recording: Recording) -> None:
    path, attacker = shared(recording, password="open sesame"), guest()
    for _ in range(sharing.TRIES):
        assert enters(attacker, path, "guess") == 200
    assert enters(attacker, path, "open sesame") == 429
    assert enters(guest("10.0.0.8"), path, "open sesame") == 302
    other = shared(recording, password="open sesame")
    assert enters(guest(), other, "open sesame") == 302


def test_a_password_cannot_be_sent_from_another_site(recording: Recording) -> None:
    path, client = shared(recording, password="open sesame"), guest()
    client.get(path)
    assert client.post(path, {"password": "open sesame"}).status_code == 403


def test_a_visit_is_over_after_some_hours(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    path, client = shared(recording, password="open sesame"), guest()
    enters(client, path, "open sesame")
    monkeypatch.setattr(sharing, "VISIT_LASTS", timedelta(seconds=-1))
    assert client.get(f"{path}/media").status_code == 403


# --- downloads ------------------------------------------------------------------------------------------------


def test_a_file_is_given_only_where_the_link_says_so(recording: Recording) -> None:
    for allowed in (False, True):
        path, client = shared(recording, can_download=allowed), guest()
        page = client.get(path).content.decode()
        assert (f"{path}/download" in page) == allowed
        answer = client.get(f"{path}/download")
        assert answer.status_code == (200 if allowed else 404)
        if allowed:
            assert "attachment" in answer["Content-Disposition"]
        assert client.get(f"{path}/download?original=1").status_code == answer.status_code


def test_neither_proxy_nor_object_store_is_left_to_send_what_could_not_be_broken_off(
    recording: Recording, settings: Settings
) -> None:
    settings.SORTIE_X_ACCEL_REDIRECT = "/protected"
    path, client = shared(recording, can_download=True), guest()
    client.get(path)
    for part in ("media", "download"):
        answer = client.get(f"{path}/{part}")
        assert (answer.status_code, body(answer)) == (200, playable_of(recording))
        assert "X-Accel-Redirect" not in answer.headers


# --- nothing else ---------------------------------------------------------------------------------------------


def test_a_guest_reaches_nothing_else_of_sortie(recording: Recording) -> None:
    path, client = shared(recording, can_download=True), guest()
    enters(client, path)
    plays(client, path)
    pk = recording.pk
    for other in (f"/recordings/{pk}", f"/recordings/{pk}/media", f"/recordings/{pk}/poster", "/", "/account"):
        assert client.get(other).status_code == 302, other
    for other in ("", f"/{pk}", f"/{pk}/download", f"/{pk}/shares"):
        assert client.get(f"/api/recordings{other}").status_code == 401, other
    secret = path.rpartition("/")[2]
    assert APIClient().get("/api/recordings", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 401
    for method in ("post", "put", "patch", "delete"):
        for part in (*PARTS, "download", "state"):
            assert getattr(client, method)(f"{path}/{part}").status_code in (403, 405), (method, part)


@pytest.mark.parametrize("secret", ["x", "x" * 32, "x" * 5000, "..", "%2e%2e", "a/b", "%00", "é", "sortie_x"])
def test_no_secret_no_link(recording: Recording, secret: str) -> None:
    shared(recording)
    for part in ("", "/media", "/state", "/poster"):
        assert guest().get(f"/s/{secret}{part}").status_code == 404


def test_a_signed_in_stranger_is_a_guest_like_any_other(bob: User, recording: Recording) -> None:
    path, client = shared(recording), browser(bob)
    assert client.get(path).status_code == 200
    assert plays(client, path)
    assert client.get(f"/recordings/{recording.pk}").status_code == 404


def test_a_programme_without_cookies_is_let_in_by_what_the_page_says(recording: Recording) -> None:
    path = shared(recording)
    page = guest().get(path).content.decode()
    address = page.partition('<video slot="media" src="')[2].partition('"')[0].replace("&amp;", "&")
    assert guest().get(address).status_code == 200
    assert guest().get(address.partition("?")[0]).status_code == 403


@pytest.fixture(params=[Line, Json])
def said(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What is logged, in either form."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler, requests = Keep(), logging.getLogger("sortie.requests")
    handler.setFormatter(request.param())
    logging.getLogger().addHandler(handler)
    level = requests.level
    requests.setLevel(logging.INFO)
    yield lines
    requests.setLevel(level)
    logging.getLogger().removeHandler(handler)


@pytest.mark.only("single")
def test_no_log_has_an_address_that_leads_somewhere(recording: Recording, said: list[str]) -> None:
    path, client = shared(recording, password="open sesame"), guest()
    client.post(path)
    client.get(f"{path}/media")
    for _ in range(6):
        enters(client, path, "guess")
    client.get(f"{path}/")  # which is no address, and so has no pattern to be told of in its place
    text = "\n".join(said)
    assert f"/s/{HIDDEN}" in text
    assert path.rpartition("/")[2] not in text


def test_visits_are_forgotten_when_they_are_over(recording: Recording) -> None:
    path, client = shared(recording), guest()
    enters(client, path)
    plays(client, path)
    assert sharing.forget(timezone.now() + sharing.VISIT_LASTS) == 0
    assert sharing.forget(timezone.now() + 2 * sharing.VISIT_LASTS + timedelta(minutes=1)) == 1
    assert ShareLink.objects.get().views == 1


def test_admins_see_all_links_and_revoke_them(ada: User, recording: Recording) -> None:
    path = shared(recording, view_limit=9, password="x")
    client = browser(ada)
    page = client.get("/admin/recordings/sharelink/").content.decode()
    assert "with password, 9 views" in page
    assert path.rpartition("/")[2] not in page
    given = {"_selected_action": ShareLink.objects.get().pk, "confirmed": "yes"}
    client.post("/admin/recordings/sharelink/do/revoke/", given)
    assert guest().get(path).status_code == 404
    assert "revoked" in client.get("/admin/recordings/sharelink/?revoked=no").content.decode()


def test_the_bytes_are_those_of_the_recording(recording: Recording) -> None:
    path, client = shared(recording), guest()
    enters(client, path)
    answer = watch(client, path, Range="bytes=0-3")
    assert (answer.status_code, body(answer)) == (206, b"\x1a\x45\xdf\xa3")
    assert answer["Content-Range"].startswith("bytes 0-3/")
