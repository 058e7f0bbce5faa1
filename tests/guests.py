"""Guests of share links: what they ask for, by themselves or as their players do."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as portal
from django.test import Client

from recordings import enrich
from recordings.models import PictureKind, Recording, User
from tests.making import api, ready

PARTS = ("media", "poster", "storyboard.jpg", "storyboard.vtt")


def pictured(owner: User) -> Recording:
    """A recording with everything that a guest's page asks for."""
    made = ready(owner, title="Failover, second try")
    for kind in PictureKind:
        enrich.keep(made, kind, enrich.Made(1, 1, 1, 1, enrich.JPEG))
    return made


def shared(recording: Recording, **facts: Any) -> str:
    """The path of a new link."""
    answer = api(recording.owner).post(f"/api/recordings/{recording.pk}/shares", facts, format="json")
    assert answer.status_code == 201, answer.json()
    return str(urlsplit(answer.json()["url"]).path)


def guest(address: str = "10.0.0.9") -> Client:
    return Client(enforce_csrf_checks=True, raise_request_exception=False, REMOTE_ADDR=address)


def watch(client: Client, path: str, **headers: str) -> Any:
    """What a player asks for after the page."""
    return client.get(f"{path}/media", headers=headers)


def plays(client: Client, path: str) -> bool:
    return bool(watch(client, path).status_code == 200)


def enters(client: Client, path: str, password: str = "") -> int:
    """Open the page, with a password where one is asked for; the last status."""
    answer = client.get(path)
    if password:
        token = client.cookies[portal.CSRF_COOKIE_NAME].value
        answer = client.post(path, {"password": password, "csrfmiddlewaretoken": token})
    return int(answer.status_code)
