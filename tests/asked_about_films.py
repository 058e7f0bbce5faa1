"""How every answer about films comes about that the API's description promises."""

from collections.abc import Callable
from typing import Any

from recordings import exporting
from recordings.models import Export
from tests import casting
from tests.api_world import World
from tests.exports import film
from tests.terminal.build import cast


def _ask(w: World, **given: str) -> Any:
    address = w.at(casting.made(w.owner, cast()), "/exports")
    return w.alice.post(address, given or {"format": "mp4"}, format="json")


def _one_too_many(w: World) -> Any:
    w.patch.setattr(exporting, "MOST_WAITING", 0)
    return _ask(w)


def _film(w: World, rest: str = "", method: str = "get", **headers: str) -> Any:
    """A request about a film that the portal's own disk has."""
    w.settings.SORTIE_RECORDING_STORAGE_BACKEND = "local"
    return getattr(w.alice, method)(w.at(w.done, f"/exports/{film(w.done).pk}{rest}"), **headers)


def _file(**headers: str) -> Callable[[World], Any]:
    return lambda w: _film(w, "/file", **headers)


def _on_s3(w: World) -> Any:
    w.on_s3()
    export = film(w.done)
    Export.objects.update(storage_backend="s3")
    return w.alice.get(w.at(w.done, f"/exports/{export.pk}/file"))


def _unmade(w: World) -> Any:
    told = _ask(w).json()
    recording = Export.objects.get().recording
    return w.alice.get(w.at(recording, f"/exports/{told['id']}/file"))


ASKED: dict[tuple[str, int], Callable[[World], Any]] = {
    ("list_exports", 200): lambda w: w.alice.get(w.at(w.live, "/exports")),
    ("create_export", 202): _ask,
    ("create_export", 400): lambda w: _ask(w, format="avi"),
    ("create_export", 409): lambda w: w.alice.post(w.at(w.done, "/exports"), {"format": "mp4"}, format="json"),
    ("create_export", 429): _one_too_many,
    ("get_export", 200): _film,
    ("delete_export", 204): lambda w: _film(w, method="delete"),
    ("download_export", 200): _file(),
    ("download_export", 206): _file(HTTP_RANGE="bytes=0-2"),
    ("download_export", 302): _on_s3,
    ("download_export", 304): _file(HTTP_IF_NONE_MATCH="*"),
    ("download_export", 409): _unmade,
    ("download_export", 412): _file(HTTP_IF_MATCH='"other"'),
    ("download_export", 416): _file(HTTP_RANGE="bytes=999-"),
}
