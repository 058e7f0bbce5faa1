"""The asciinema command line as it is: version 2.4 itself, and the requests that version 3 makes."""

import base64
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.test import Client
from pytest_django import Settings

from recordings import installs
from recordings.audit import Actor
from recordings.models import AuditEvent, Install, Recording, User
from tests.casting import original_of_cast
from tests.making import FORM, browser, field, file, form, post, staged
from tests.portal import Portal, password_of
from tests.terminal.build import cast

ASCIINEMA = Path(sys.executable).with_name("asciinema")
THREE = "/api/v1/recordings"
AGENTS = {
    "/api/asciicasts": "asciinema/2.4.0 CPython/3.11.7 Linux/6.1",
    THREE: "asciinema/3.1.0 target/x86_64-unknown-linux-gnu",
}


# --- the command itself ---------------------------------------------------------------------------------------


class Asciinema:
    """An installation of asciinema 2.4 that knows the portal."""

    def __init__(self, portal: Portal, home: Path) -> None:
        self.install_id = str(uuid4())
        self.portal, self._home = portal, home

    def run(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            "USER": "deploy",
            "ASCIINEMA_API_URL": self.portal.url,
            "ASCIINEMA_INSTALL_ID": self.install_id,
        }
        command = [str(ASCIINEMA), *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def connected_by(self, name: str) -> httpx.Response:
        """`name` opens the address that it prints, signs in, and says that it is theirs."""
        [address] = re.findall(r"http://\S+/connect/\S+", self.run("auth").stderr)
        with httpx.Client(follow_redirects=True, timeout=30) as person:
            page = person.get(address)
            assert "Sign in" in page.text
            given = {"username": name, "password": password_of(name), "next": _hidden(page.text, "next")}
            page = person.post(page.url, data={**given, "csrfmiddlewaretoken": _hidden(page.text)})
            return person.post(address, data={"csrfmiddlewaretoken": _hidden(page.text)})


def _hidden(page: str, name: str = "csrfmiddlewaretoken") -> str:
    found: set[str] = set(re.findall(rf'name="{name}" value="([^"]*)"', page))
    return found.pop()


@pytest.fixture
def asciinema(portal: Portal, tmp_path: Path) -> Asciinema:
    return Asciinema(portal, tmp_path)


def test_asciinema_uploads_once_its_user_has_connected_it(asciinema: Asciinema, tmp_path: Path) -> None:
    data = cast(title="Nightly")
    (tmp_path / "demo.cast").write_bytes(data)
    refused = asciinema.run("upload", tmp_path / "demo.cast")
    assert refused.returncode == 1
    assert "Invalid or revoked install ID" in refused.stderr
    assert "goes to the recordings of" in asciinema.connected_by("alice").text
    done = asciinema.run("upload", tmp_path / "demo.cast")
    assert done.returncode == 0
    [url] = re.findall(rf"View the recording at:\s+{re.escape(asciinema.portal.url)}/recordings/(\S+)", done.stderr)
    with asciinema.portal.client("alice") as alice:
        told = alice.get(f"/api/recordings/{url}").json()
        assert (told["title"], told["status"], told["username"]) == ("Nightly", "ready", "alice")
        assert alice.get(f"/api/recordings/{url}/download?original=1").content == data
    with asciinema.portal.client("bob") as bob:
        assert bob.get(f"/api/recordings/{url}").status_code == 404


def test_asciinema_prints_why_a_recording_is_not_taken(asciinema: Asciinema, tmp_path: Path) -> None:
    asciinema.connected_by("alice")
    for name, data, reason in (
        ("damaged", cast([1, "o", "x"], b"oops", [3, "o", "z"]), "line 3"),
        ("page", b"<!doctype html>", "an HTML page, not a terminal recording"),
        ("empty", b"", "nothing was recorded"),
    ):
        (tmp_path / name).write_bytes(data)
        done = asciinema.run("upload", tmp_path / name)
        assert done.returncode == 1
        assert "Invalid asciicast: " in done.stderr
        assert reason in done.stderr


def test_a_terminal_is_connected_to_one_account(asciinema: Asciinema) -> None:
    asciinema.connected_by("alice")
    answer = asciinema.connected_by("bob")
    assert answer.status_code == 409
    assert "This terminal is not yours" in answer.text


# --- what it is told ------------------------------------------------------------------------------------------


@pytest.fixture
def install_id(alice: User) -> str:
    """Of a terminal that alice has connected."""
    made = uuid4()
    installs.connect(alice, made, Actor(alice))
    return str(made)


def sent(install_id: str, address: str = THREE, data: bytes | None = None, **fields: str) -> Any:
    credentials = base64.b64encode(f"deploy:{install_id}".encode()).decode()
    return _sent(address, data, fields, HTTP_AUTHORIZATION=f"Basic {credentials}")


def _sent(address: str, data: bytes | None, fields: dict[str, str], **headers: str) -> Any:
    """The form that a version sends: the name of its file differs."""
    part = file(cast() if data is None else data, b"demo.cast")
    if address != THREE:
        part = part.replace(b'name="file"', b'name="asciicast"')
    whole = form(part, *(field(name, value) for name, value in fields.items()))
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    length = str(len(whole))
    more: dict[str, Any] = {"HTTP_USER_AGENT": AGENTS[address], "HTTP_ACCEPT": "application/json", **headers}
    return client.generic("POST", address, whole, FORM, CONTENT_LENGTH=length, **more)


@pytest.mark.django_db
def test_version_3_is_told_where_the_recording_is(install_id: str, alice: User) -> None:
    said = {
        "title": "From 3",
        "description": "Some <b>notes</b>\0",
        "visibility": "public",
        "audio_url": "http://x",
    }
    answer = sent(install_id, data=cast(title="Other"), **said)
    assert answer.status_code == 201
    recording = Recording.objects.get()
    told = answer.json()
    assert told["url"] == answer["Location"] == f"http://testserver/recordings/{recording.pk}"
    assert told["url"] in told["message"]
    assert (told["title"], told["description"], told["visibility"]) == ("From 3", "Some <b>notes</b>", "private")
    assert (recording.owner, recording.title, recording.notes) == (alice, "From 3", "Some <b>notes</b>")
    assert original_of_cast(recording) == cast(title="Other")
    events = AuditEvent.objects.filter(recording_id=recording.pk)
    assert set(events.values_list("actor_name", flat=True)) == {"alice"}


@pytest.mark.django_db
@pytest.mark.parametrize("address", AGENTS)
def test_what_it_says_of_itself_is_noted(address: str, install_id: str) -> None:
    assert sent(install_id, address).status_code == 201
    install = Install.objects.get()
    assert install.last_used_at is not None
    assert (install.login, install.agent) == ("deploy", AGENTS[address])
    assert Recording.objects.get().name == "demo" if address == THREE else "Terminal recording"


def _too_small(settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1


REFUSED: dict[str, tuple[Callable[[str], Any], int, str, str]] = {
    "no credentials": (lambda _: _sent(THREE, None, {}), 401, "unauthenticated", "Missing installation ID"),
    "a bearer token": (
        lambda one: _sent(THREE, None, {}, HTTP_AUTHORIZATION=f"Bearer {one}"),
        401, "unauthenticated", "Missing installation ID",
    ),
    "no id": (lambda _: sent("x"), 401, "unauthenticated", "Invalid installation ID"),
    "no base64": (
        lambda _: _sent(THREE, None, {}, HTTP_AUTHORIZATION="Basic \u00e9"),
        401, "unauthenticated", "Invalid installation ID",
    ),
    "an unknown id": (lambda _: sent(str(uuid4())), 401, "account_required", "http://testserver/connect/"),
    "another format": (lambda one: sent(one, data=b"<html>"), 422, "validation_failed", "HTML page"),
    "a wrong line": (
        lambda one: sent(one, data=cast([1, "o"], [2, "o", "x"])), 422, "validation_failed", "line 2",
    ),
    "no events": (lambda one: sent(one, data=b'{"version": 2, "width": 80, "height": 24}\n'), 422,
                  "validation_failed", "no events"),
    "too much": (lambda one: sent(one, data=cast([1, "o", "x" * (2 << 20)])), 413, "content_too_large", "1 MB"),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", REFUSED)
def test_version_3_is_told_what_is_wrong_in_its_own_words(name: str, install_id: str, settings: Settings) -> None:
    _too_small(settings)
    ask, status, kind, words = REFUSED[name]
    answer = ask(install_id)
    told = answer.json()
    assert (answer.status_code, told["type"], told["details"]) == (status, kind, [])
    assert words in told["message"]
    assert staged() == []


@pytest.mark.django_db
def test_a_revoked_one_is_told_so_and_can_be_connected_again(install_id: str, alice: User) -> None:
    assert installs.revoke(Install.objects.get(), Actor(alice))
    assert not installs.revoke(Install.objects.get(), Actor(alice))
    told = sent(install_id).json()
    assert told["message"] == "This installation ID has been revoked"
    assert browser(alice).post(f"/connect/{install_id}").status_code == 200
    assert sent(install_id).status_code == 201
    done = AuditEvent.objects.filter(action__in=["connect", "disconnect"]).order_by("at")
    assert [event.action for event in done] == ["connect", "disconnect", "connect"]


@pytest.mark.django_db
def test_nobody_else_can_take_a_revoked_one_over(install_id: str, alice: User, bob: User) -> None:
    installs.revoke(Install.objects.get(), Actor(alice))
    assert browser(bob).post(f"/connect/{install_id}").status_code == 409
    assert Install.objects.get().user == alice


@pytest.mark.django_db
def test_it_ends_with_its_user_and_with_their_password(install_id: str, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert sent(install_id).status_code == 401
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert sent(install_id).status_code == 201
    alice.set_password("another one")
    alice.save()
    assert sent(install_id).status_code == 401


@pytest.mark.django_db
def test_an_id_is_good_for_uploads_only(install_id: str, alice: User) -> None:
    assert sent(install_id).status_code == 201
    credentials = base64.b64encode(f"deploy:{install_id}".encode()).decode()
    for header in (f"Basic {credentials}", f"Bearer {install_id}"):
        client = Client(headers={"Authorization": header})
        for address in ("/api/recordings", f"/api/recordings/{Recording.objects.get().pk}/download"):
            assert client.get(address).status_code == 401


@pytest.mark.django_db
def test_only_a_hash_of_the_id_is_kept(install_id: str) -> None:
    values = [str(value) for value in Install.objects.values_list().get()]
    assert not [value for value in values if install_id in value]


@pytest.mark.django_db
def test_nothing_is_read_of_strangers(alice: User) -> None:
    refused = post(browser(alice), THREE, b"x" * 100, "text/plain")
    assert refused.status_code == 401
    assert browser(alice).get(THREE).status_code == 405


# --- in the account and in the admin ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_account_lists_them_and_disconnects_them(install_id: str, alice: User, bob: User) -> None:
    sent(install_id)
    install = Install.objects.get()
    page = browser(alice).get("/account").content.decode()
    assert "Connected terminals" in page
    assert install.begins_with in page
    assert "Connected terminals" not in browser(bob).get("/account").content.decode()
    address = f"/account/terminals/{install.pk}/disconnect"
    browser(bob).post(address)
    assert sent(install_id).status_code == 201
    assert browser(alice).post(address).status_code == 302
    assert sent(install_id).status_code == 401
    assert "Connected terminals" not in browser(alice).get("/account").content.decode()


@pytest.mark.django_db
def test_an_admin_sees_all_of_them_and_can_revoke_them(install_id: str, ada: User) -> None:
    client = browser(ada)
    address = "/admin/recordings/install/"
    assert "alice" in client.get(address).content.decode()
    install = Install.objects.get()
    assert client.get(f"{address}{install.pk}/change/").status_code == 200
    client.post(f"{address}do/revoke/", {"_selected_action": install.pk, "confirmed": "yes"})
    install.refresh_from_db()
    assert install.is_revoked


@pytest.mark.django_db
@pytest.mark.urls("tests.urls_without_terminals")
def test_nothing_of_it_is_there_where_terminals_are_switched_off(alice: User) -> None:
    for address in AGENTS:
        assert _sent(address, None, {}).status_code == 404
    page = browser(alice).get(f"/connect/{uuid4()}")
    assert page.status_code == 404
    assert "SORTIE_TERMINAL_RECORDING_ENABLED" in page.content.decode()
