"""Share links that have ended, whichever way: nothing more is given away, not even of what is being sent."""

import time
from typing import Any

import httpx
import pytest
from django.utils import timezone
from pytest_django import Settings

from recordings import retention, sharing
from recordings.audit import Actor
from recordings.models import AuditEvent, Recording, ShareLink, User
from tests import webm_builder as build
from tests.guests import PARTS, enters, guest, pictured, plays, shared
from tests.live import Web, database_url
from tests.making import api, ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(alice: User) -> Recording:
    return pictured(alice)


def revoke(link: ShareLink) -> None:
    sharing.revoke(link, Actor(link.author))


def expire(link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())


def delete(link: ShareLink) -> None:
    retention.delete(link.recording, Actor(link.author))


def dismiss(link: ShareLink) -> None:
    User.objects.filter(shares=link).update(is_active=False)


def demote(link: ShareLink) -> None:
    """An admin shared what is another's, and is no admin any more."""
    ada = User.objects.create(username="eva", is_staff=False)
    ShareLink.objects.filter(pk=link.pk).update(author=ada)


@pytest.mark.parametrize("end", [revoke, expire, delete, dismiss, demote])
def test_a_link_that_has_ended_gives_away_nothing_more(recording: Recording, end: Any) -> None:
    path, client = shared(recording, can_download=True), guest()
    enters(client, path)
    assert plays(client, path)
    end(ShareLink.objects.select_related("author", "recording").get())
    ranged = {"Range": "bytes=100-200"}
    for part in (*PARTS, "download", "state"):
        for headers in ({}, ranged):
            answer = client.get(f"{path}/{part}", headers=headers)
            assert (answer.status_code, answer.content) == (404, b""), part
        assert client.head(f"{path}/{part}").status_code == 404
    page = client.get(path)
    assert page.status_code == 404
    assert recording.title not in page.content.decode()
    assert page.content == guest().get("/s/" + "x" * 32).content


def test_a_link_comes_back_with_a_recording_that_is_restored(alice: User, recording: Recording) -> None:
    path = shared(recording)
    retention.delete(recording, Actor(alice))
    assert guest().get(path).status_code == 404
    retention.restore(Recording.objects.get(), Actor(alice))
    assert guest().get(path).status_code == 200


def test_revoking_twice_is_told_once(alice: User, recording: Recording) -> None:
    shared(recording)
    address = f"/api/recordings/{recording.pk}/shares/{ShareLink.objects.get().pk}"
    assert [api(alice).delete(address).status_code for _ in range(2)] == [204, 204]
    assert AuditEvent.objects.filter(action="unshare").count() == 1


@pytest.mark.only("single")
@pytest.mark.django_db(transaction=True)
def test_a_body_that_is_being_sent_breaks_off_when_the_link_is_revoked(alice: User, settings: Settings) -> None:
    large = build.webm(*(build.cluster(n, build.block(1, 0, frame=bytes(1 << 20))) for n in range(48)))
    path = shared(ready(alice, large))
    link = ShareLink.objects.select_related("author", "recording").get()
    with Web(database_url(), SORTIE_RECORDING_STORAGE_PATH=str(settings.SORTIE_RECORDING_STORAGE_PATH)) as web:
        address = f"http://127.0.0.1:{web.port}{path}/media?v={sharing.new_visit(link)}"
        with httpx.stream("GET", address, timeout=60) as answer:
            assert int(answer.headers["Content-Length"]) > len(large)
            blocks = answer.iter_raw(1 << 16)
            next(blocks)
            revoke(link)
            time.sleep(sharing.LOOK_EVERY + 0.1)  # nearly all is still to be sent
            with pytest.raises(httpx.RemoteProtocolError):
                for _ in blocks:
                    pass
        assert httpx.get(address, headers={"Range": "bytes=100-200"}).status_code == 404
