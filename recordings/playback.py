"""Serve a recording's bytes as they are stored: file names, safe headers, and whom to leave the sending to.

RFC 6266 and 8187 (file names). Whoever calls has checked permission and status. What is made of a terminal
recording's bytes on their way out is in `casts`.
"""

import logging
import re
import unicodedata
from collections.abc import Generator, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from recordings.media.edit import Original
from recordings.sending import Content, answer
from recordings.storage import SIGNED_URL_LIMIT, ObjectDamaged, RecordingStore, StorageError, store_for
from recordings.titles import clean_title

logger = logging.getLogger(__name__)

LONGEST_NAME = 180  # bytes of UTF-8: file systems take 255, and a signed URL carries each up to five times as long

_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
_SAFE_IN_VALUE = "!#$&+-.^_`|~"  # attr-char of RFC 8187, besides letters and digits


class Stored(Protocol):
    """What is needed of any stored recording."""

    @property
    def storage_backend(self) -> str: ...
    @property
    def storage_key(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def completed_at(self) -> datetime | None: ...


class Playable(Stored, Protocol):
    """What is needed of a stored video; `recordings.models.Recording` has it all."""

    @property
    def stored_size(self) -> int | None: ...
    @property
    def size_bytes(self) -> int | None: ...
    @property
    def filename(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def original_head(self) -> bytes | memoryview: ...
    @property
    def body_start(self) -> int: ...
    @property
    def cut(self) -> int | None: ...
    @property
    def tail_saved(self) -> bytes | memoryview: ...


def media_response(
    request: HttpRequest, recording: Playable, *, attachment: bool, original: bool = False, direct: bool = False
) -> HttpResponseBase:
    """Answer GET or HEAD for the stored object, or with `original` for exactly the bytes that were uploaded.

    `attachment` has a browser save it; else it is shown. Ranges get 206 or 416, several at once the whole.
    `direct`: the bytes are sent from here, where sending can be broken off, and no proxy or store is left to do it.

    Raises:
        ObjectMissing: the store has lost the object, or some of it.
        StorageUnavailable: the store cannot be reached at present.
    """
    disposition = content_disposition(recording.filename, attachment=attachment)
    store = store_for(recording.storage_backend)
    delegated = None if original or direct else _delegated(request, recording, store, disposition)
    if delegated is not None:
        return described(delegated, recording.content_type, disposition)
    content = _ObjectContent(recording, store, original=original)
    return content_response(request, recording, content, recording.content_type, disposition)


def content_response(
    request: HttpRequest, recording: Stored, content: Content, content_type: str, disposition: str
) -> HttpResponseBase:
    """Answer GET or HEAD for some content of a recording's. Raises what `media_response` does."""
    try:
        response = answer(request, content, modified=recording.completed_at)
    except StorageError as error:
        logger.error(
            "The recording in %s %s cannot be served: %s", recording.storage_backend, recording.storage_key, error
        )
        raise
    return described(response, content_type, disposition)


def described(response: HttpResponseBase, content_type: str, disposition: str) -> HttpResponseBase:
    """What keeps a recording from being taken for anything else, and from being kept by others."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if 200 <= response.status_code < 300:
        response.headers["Content-Type"] = content_type
        response.headers["Content-Disposition"] = disposition
    return response


@lru_cache(maxsize=1024)
def content_disposition(name: str, *, attachment: bool) -> str:
    """The header that names a download, from any text whatever: the extension stays, the rest is made harmless."""
    stem, _, extension = name.rpartition(".")
    stem = _FORBIDDEN.sub("_", clean_title(stem, longest=LONGEST_NAME)).strip(" .")
    stem = stem.encode()[:LONGEST_NAME].decode(errors="ignore").rstrip(" .") or "recording"
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().replace("%", "_").strip(" .")
    extension = "".join(c for c in extension if c.isascii() and c.isalnum())[:16] or "bin"
    header = f'{"attachment" if attachment else "inline"}; filename="{plain or "recording"}.{extension}"'
    if plain == stem:
        return header
    return f"{header}; filename*=UTF-8''{quote(f'{stem}.{extension}', safe=_SAFE_IN_VALUE)}"


def _delegated(
    request: HttpRequest, recording: Playable, store: RecordingStore, disposition: str
) -> HttpResponseBase | None:
    """Leave the stored object to a proxy or to the object store, with ranges and validators of their own."""
    if store.name == "local" and settings.SORTIE_X_ACCEL_REDIRECT:
        location = settings.SORTIE_X_ACCEL_REDIRECT.rstrip("/")
        return HttpResponse(headers={"X-Accel-Redirect": f"{location}/{recording.storage_key}"})
    if request.method != "GET":  # the address below is signed for GET alone
        return None
    url = store.signed_url(
        recording.storage_key,
        expires=SIGNED_URL_LIMIT,
        content_type=recording.content_type,
        disposition=disposition,
    )
    if url and settings.SORTIE_X_ACCEL_S3:  # a proxy of ours asks; clients need not reach the store
        path = urlsplit(url)._replace(scheme="", netloc="").geturl()
        return HttpResponse(headers={"X-Accel-Redirect": settings.SORTIE_X_ACCEL_S3.rstrip("/") + path})
    return HttpResponseRedirect(url, headers={"Cache-Control": "private, no-store"}) if url else None


def content_of(recording: Playable) -> Content:
    """The bytes of a video as it is played."""
    return _ObjectContent(recording, store_for(recording.storage_backend), original=False)


def version_tag(recording: Stored, form: str = "") -> str:
    """The ETag of something made of the stored object, which has a new key when it is made anew."""
    made = blake2b(recording.storage_key.encode(), digest_size=8).hexdigest()
    return f'"{recording.sha256[:32]}-{made}{form}"'


class _ObjectContent:
    """The stored object, or the bytes that were uploaded: parts of it between bytes that are kept in the row."""

    def __init__(self, recording: Playable, store: RecordingStore, *, original: bool) -> None:
        self._recording = recording
        self._store = store
        self._original = original
        self._pieces = _pieces(recording, original=original)
        self.size = self._pieces.size
        self.headers: Mapping[str, str] = {}

    @property
    def tag(self) -> str:
        if self._original:
            return f'"{self._recording.sha256}"'
        return self._store.entity_tag(self._recording.storage_key) or version_tag(self._recording)

    def check(self, *, head: bool) -> None:
        if self._original and self.size != self._recording.size_bytes:
            raise ObjectDamaged("What is known of the stored object does not add up to what was uploaded.")
        # Reading shows it as well, but too late where bytes kept elsewhere are sent first.
        if self._original or head:
            check_size(self._store, self._recording.storage_key, self._pieces.object_size)

    def blocks(self, start: int, length: int) -> Generator[bytes]:
        for piece in self._pieces.pieces(start, length):
            if isinstance(piece, bytes):
                yield piece
            else:
                with self._store.open_range(self._recording.storage_key, piece.start, len(piece)) as reader:
                    yield from reader


def check_size(store: RecordingStore, key: str, size: int) -> None:
    """Raises ObjectDamaged, ObjectMissing."""
    if store.size(key) != size:
        raise ObjectDamaged("The stored object is not as long as it was when it was put there.")


def _pieces(recording: Playable, *, original: bool) -> Original:
    size = recording.stored_size or 0
    if not original:
        return Original(size)
    head, tail = bytes(recording.original_head), bytes(recording.tail_saved)
    return Original(size, head, recording.body_start, recording.cut, tail)
