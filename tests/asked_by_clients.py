"""How stock clients come by every answer that the API's description promises them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.api_world import DATA, EIGHT_K_SQUARE, World, without_database
from tests.making import FORM, file, form, post
from tests.terminal.build import cast
from tests.tus_client import UPLOADS, checksum, metadata


def _when_full(ask: Callable[[World], Any]) -> Callable[[World], Any]:
    def asked(w: World) -> Any:
        assert w.begun
        w.full_disk()
        return ask(w)

    return asked


def _cancel_when_whole(w: World) -> Any:
    assert w.begun
    w.no_store()
    assert w.tus.patch(w.begun, 0, DATA).status_code == 204
    return w.tus.delete(w.begun)


def _asciicast(address: str, data: bytes | None = None, before: Callable[[World], Any] = lambda w: None) -> Any:
    def send(w: World) -> Any:
        before(w)
        return post(w.asciinema, address, form(file(cast() if data is None else data)), FORM)

    return send


def _small(w: World) -> None:
    w.settings.SORTIE_RECORDING_MAX_SIZE_MB = 1


def _without_database(address: str) -> Callable[[World], Any]:
    def send(w: World) -> Any:
        client = w.asciinema
        with without_database():
            return post(client, address, form(), FORM)

    return send


def _stock(name: str, address: str) -> dict[tuple[str, int], Callable[[World], Any]]:
    return {
        (name, 201): _asciicast(address),
        (name, 400): lambda w: post(w.asciinema, address, b"{}", "application/json"),
        (name, 401): lambda w: post(w.nobody, address, form(file(cast())), FORM),
        (name, 413): _asciicast(address, bytes(2 << 20), before=_small),
        (name, 422): _asciicast(address, b"no cast"),
        (name, 503): _without_database(address),
        (name, 507): _asciicast(address, before=World.full_disk),
    }


ASKED: dict[tuple[str, int], Callable[[World], Any]] = {
    ("describe_uploads", 204): lambda w: w.tus.send("OPTIONS", UPLOADS),
    ("describe_upload", 204): lambda w: w.tus.send("OPTIONS", w.begun),
    ("describe_upload", 404): lambda w: w.tus.send("OPTIONS", f"{UPLOADS}/x"),
    ("create_upload", 201): lambda w: w.tus.create(len(DATA), b"", Upload_Metadata=metadata(title="x")),
    ("create_upload", 400): lambda w: w.tus.create(0),
    ("create_upload", 404): lambda w: w.tus.create(5, Upload_Metadata=metadata(recording_id=str(uuid4()))),
    ("create_upload", 409): lambda w: w.tus.create(5, Upload_Metadata=metadata(recording_id=str(w.done.pk))),
    ("create_upload", 411): lambda w: w.tus.create(5, b"", Content_Length=""),
    ("create_upload", 412): lambda w: w.tus.create(5, Tus_Resumable=None),
    ("create_upload", 413): lambda w: w.tus.create(10**12),
    ("create_upload", 415): lambda w: w.tus.create(9, b"<!DOCTYPE"),
    ("create_upload", 422): lambda w: w.tus.create(len(EIGHT_K_SQUARE), EIGHT_K_SQUARE),
    ("create_upload", 460): lambda w: w.tus.create(len(DATA), DATA, Upload_Checksum=checksum(b"other")),
    ("create_upload", 507): _when_full(lambda w: w.tus.create(5)),
    ("get_upload", 200): lambda w: w.tus.head(w.begun),
    ("get_upload", 412): lambda w: w.tus.head(w.begun, Tus_Resumable=None),
    ("send_piece", 204): lambda w: w.tus.patch(w.begun, 0, DATA[:99]),
    ("send_piece", 400): lambda w: w.tus.patch(w.begun, "x", DATA),
    ("send_piece", 409): lambda w: w.tus.patch(w.begun, 7, DATA[:99]),
    ("send_piece", 411): lambda w: w.tus.patch(w.begun, 0, b"", Content_Length=""),
    ("send_piece", 412): lambda w: w.tus.patch(w.begun, 0, DATA, Tus_Resumable=None),
    ("send_piece", 413): lambda w: w.tus.patch(w.begun, 0, DATA + b"x"),
    ("send_piece", 415): lambda w: w.tus.patch(w.begun, 0, DATA, Content_Type="video/webm"),
    ("send_piece", 422): lambda w: w.tus.patch(w.tus.begun(len(EIGHT_K_SQUARE)), 0, EIGHT_K_SQUARE),
    ("send_piece", 460): lambda w: w.tus.patch(w.begun, 0, DATA, Upload_Checksum=checksum(b"other")),
    ("send_piece", 507): _when_full(lambda w: w.tus.patch(w.begun, 0, DATA)),
    ("cancel_upload", 204): lambda w: w.tus.delete(w.begun),
    ("cancel_upload", 409): _cancel_when_whole,
    ("cancel_upload", 412): lambda w: w.tus.delete(w.begun, Tus_Resumable=None),
    **_stock("upload_asciicast", "/api/asciicasts"),
    **_stock("create_asciicast", "/api/v1/recordings"),
}
