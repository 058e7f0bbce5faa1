"""tus checksum: a piece that is not what its sender says leaves no trace."""

import base64

import pytest

from recordings.ingest import pieces
from recordings.models import Recording, Status, User
from tests import tus_client
from tests.making import api, original_of, staged
from tests.tus_client import Tus, checksum, id_of

pytestmark = pytest.mark.django_db
DATA = tus_client.recording()


@pytest.fixture
def tus(alice: User) -> Tus:
    return Tus(api(alice))


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_pieces_that_are_what_they_should_be(tus: Tus, algorithm: str) -> None:
    address = tus.begun(len(DATA))
    for at in range(0, len(DATA), 4000):
        piece = DATA[at : at + 4000]
        answer = tus.patch(address, at, piece, Upload_Checksum=checksum(piece, algorithm))
        assert answer.status_code == 204
    assert original_of(Recording.objects.get()) == DATA


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_nothing_is_kept_of_a_piece_that_is_something_else(tus: Tus, algorithm: str) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:500])
    refused = tus.patch(address, 500, DATA[500:900], Upload_Checksum=checksum(DATA[500:899], algorithm))
    assert (refused.status_code, refused.json()["title"]) == (460, "Checksum Mismatch")
    assert tus.offset(address) == 500
    assert tus.patch(address, 500, DATA[500:900], Upload_Checksum=checksum(DATA[500:900])).status_code == 204


def test_nothing_is_kept_of_a_piece_that_broke_off(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    sent = {"Upload_Checksum": checksum(DATA), "Content_Length": str(len(DATA))}
    assert tus.patch(address, 0, DATA[:900], **sent).status_code == 460
    assert tus.offset(address) == 0


def test_pieces_too_large_for_memory_are_held_against_theirs_too(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "SPOOLED", 1000)
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA, Upload_Checksum=checksum(DATA[1:])).status_code == 460
    assert staged() == [f"{id_of(address)}.part"]
    assert tus.patch(address, 0, DATA, Upload_Checksum=checksum(DATA)).status_code == 204
    assert Recording.objects.get().status == Status.READY


@pytest.mark.parametrize(
    "said",
    [
        "",
        "sha1",
        "sha256 ",
        "sha256 not-base64",
        "md5 " + base64.b64encode(bytes(16)).decode(),
        "sha1 " + base64.b64encode(bytes(32)).decode(),
        "sha256 " + base64.b64encode(bytes(20)).decode(),
        "SHA256 " + base64.b64encode(bytes(32)).decode(),
        checksum(DATA) + "," + checksum(DATA),
        checksum(DATA).replace(" ", "  "),
        "sha256=" + base64.b64encode(bytes(32)).decode(),
    ],
)
def test_a_checksum_by_strict_grammar(tus: Tus, said: str) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA, Upload_Checksum=said).status_code == 400
    assert tus.offset(address) == 0


def test_a_wrong_offset_is_told_before_a_wrong_checksum(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 5, DATA, Upload_Checksum=checksum(b"else")).status_code in (409, 413)
    assert tus.patch(address, 5, DATA[:9], Upload_Checksum=checksum(b"else")).status_code == 409
