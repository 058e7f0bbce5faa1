"""Uploads with nothing on the portal's disk: staged and stored in a real bucket."""

import secrets
from pathlib import Path
from uuid import UUID

import pytest
from django.utils import timezone
from pytest_django import Settings

from recordings import enrich
from recordings.ingest import silent, staging
from recordings.ingest.staging.s3 import S3Staging
from recordings.models import Recording, Status, Upload, User
from tests.captures import DATA, PART, capture, now_is
from tests.making import api, original_of, staged, started, stored, sweep_after_silence
from tests.services import S3Server
from tests.tus_client import Tus, checksum, id_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def tus(
    alice: User, settings: Settings, s3_settings: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Tus:
    settings.SORTIE_STAGING_BACKEND = "s3"
    settings.SORTIE_STAGING_S3_PREFIX = f"test-{secrets.token_hex(6)}/staging/"
    monkeypatch.setattr(enrich, "order", lambda recording: None)
    assert isinstance(staging.current(), S3Staging)
    return Tus(api(alice))


def nothing_is_staged() -> bool:
    place = staging.current()
    assert isinstance(place, S3Staging)
    return not (list(place._listed(place._prefix)) or staged())


def test_an_upload_goes_through(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    for at in range(0, len(DATA), 2500):
        piece = DATA[at : at + 2500]
        assert tus.patch(address, at, piece, Upload_Checksum=checksum(piece)).status_code == 204
        assert staged() == []
        assert tus.offset(address) == at + len(piece)
    made = Recording.objects.get()
    assert (made.status, made.storage_backend, original_of(made)) == (Status.READY, "s3", DATA)
    assert nothing_is_staged()


def test_refusals_leave_nothing(tus: Tus) -> None:
    assert tus.create(5, b"GIF89").status_code == 415
    assert tus.create(len(DATA), DATA, Upload_Checksum=checksum(b"else")).status_code == 460
    address = tus.begun(len(DATA))
    assert tus.patch(address, 5, DATA[5:]).status_code == 409
    assert tus.patch(address, 0, DATA, Upload_Checksum=checksum(b"else")).status_code == 460
    assert tus.offset(address) == 0
    assert tus.delete(address).status_code == 204
    assert tus.head(address).status_code == 404
    assert nothing_is_staged()


def test_a_part_and_its_rest(tus: Tus, alice: User) -> None:
    live = started(alice)
    address = capture(tus, live)
    sweep_after_silence()
    assert (now_is(live).status, live.incomplete, original_of(live)) == (Status.READY, True, DATA[:PART])
    assert tus.patch(address, PART, DATA[PART:], Upload_Length=str(len(DATA))).status_code == 204
    assert (now_is(live).incomplete, original_of(live), len(stored())) == (False, DATA, 1)
    assert nothing_is_staged()


def test_what_nobody_knows_of_is_removed(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:PART])
    Upload.objects.filter(pk=id_of(address)).delete()
    assert silent.forget_abandoned(timezone.now()) == 0
    assert silent.forget_abandoned(timezone.now() + 2 * silent.FORGOTTEN_AFTER) == 1
    assert nothing_is_staged()
    with pytest.raises(staging.Gone):
        staging.current().offset(UUID(id_of(address)), room=4096)
