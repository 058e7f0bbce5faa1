"""Serve a recording's bytes: ranges, validators, file names, and whom to leave the sending to.

RFC 9110 (ranges, preconditions), RFC 6266 and 8187 (file names). Whoever calls has checked permission and status.
"""

import logging
import re
import unicodedata
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol
from urllib.parse import quote

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, parse_http_date_safe

from recordings.media.edit import Original
from recordings.storage import SIGNED_URL_LIMIT, ObjectDamaged, RecordingStore, StorageError, store_for
from recordings.titles import clean_title

logger = logging.getLogger(__name__)

LONGEST_NAME = 180  # bytes of UTF-8: file systems take 255, and a signed URL carries each up to five times as long

_RANGES = re.compile(r"bytes=([0-9,\- \t]*)", re.ASCII | re.IGNORECASE)
_RANGE = re.compile(r"([0-9]*)-([0-9]*)", re.ASCII)
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
_SAFE_IN_VALUE = "!#$&+-.^_`|~"  # attr-char of RFC 8187, besides letters and digits


class Playable(Protocol):
    """What is needed of a stored recording; `recordings.models.Recording` has it all."""

    @property
    def storage_backend(self) -> str: ...
    @property
    def storage_key(self) -> str: ...
    @property
    def stored_size(self) -> int | None: ...
    @property
    def size_bytes(self) -> int | None: ...
    @property
    def sha256(self) -> str: ...
    @property
    def filename(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def completed_at(self) -> datetime | None: ...
    @property
    def original_head(self) -> bytes | memoryview: ...
    @property
    def body_start(self) -> int: ...
    @property
    def cut(self) -> int | None: ...
    @property
    def tail_saved(self) -> bytes | memoryview: ...


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from offset `start`."""

    start: int
    length: int

    @property
    def stop(self) -> int:
        return self.start + self.length


class Unsatisfiable(Exception):
    """The range begins behind the last byte (416)."""


def media_response(
    request: HttpRequest, recording: Playable, *, attachment: bool, original: bool = False
) -> HttpResponseBase:
    """Answer GET or HEAD for the stored object, or with `original` for exactly the bytes that were uploaded.

    `attachment` has a browser save it; else it is shown. Ranges get 206 or 416, several at once the whole.

    Raises:
        ObjectMissing: the store has lost the object, or some of it.
        StorageUnavailable: the store cannot be reached at present.
    """
    disposition = content_disposition(recording.filename, attachment=attachment)
    store = store_for(recording.storage_backend)
    try:
        response = None if original else _delegated(request, recording, store, disposition)
        response = response or _answered(request, recording, store, original=original)
    except StorageError as error:
        logger.error("The recording in %s %s cannot be served: %s", store.name, recording.storage_key, error)
        raise
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if 200 <= response.status_code < 300:
        response.headers["Content-Type"] = recording.content_type
        response.headers["Content-Disposition"] = disposition
    return response


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The bytes that a Range header selects of `size`; None for all of them.

    All are sent where there is no header, it is no valid range of bytes, or it names several.

    Raises:
        Unsatisfiable: the range holds none of the bytes.
    """
    listed = _RANGES.fullmatch(header.strip()) if header else None
    specs = [spec.strip(" \t") for spec in listed[1].split(",") if spec.strip(" \t")] if listed else []
    match = _RANGE.fullmatch(specs[0]) if len(specs) == 1 else None
    if match is None or match[0] == "-":
        return None
    first, last = (_number(text) for text in match.groups())
    if first is None:
        return _suffix(last or 0, size)
    if last is not None and last < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return ByteRange(first, (size if last is None else min(last + 1, size)) - first)


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


def _number(digits: str) -> int | None:
    """A number no greater than any file, for Python refuses to read thousands of digits; None for no digits."""
    return min(int(digits.lstrip("0")[:20] or "0"), 10**18) if digits else None


def _suffix(length: int, size: int) -> ByteRange | None:
    if length == 0:
        raise Unsatisfiable
    return ByteRange(max(0, size - length), min(length, size)) if size else None


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
    return HttpResponseRedirect(url, headers={"Cache-Control": "private, no-store"}) if url else None


def _answered(
    request: HttpRequest, recording: Playable, store: RecordingStore, *, original: bool
) -> HttpResponseBase:
    """Send the bytes ourselves, or what the request's conditions make of it."""
    tag = _entity_tag(recording, store, original=original)
    modified = int(recording.completed_at.timestamp()) if recording.completed_at else None
    unwanted = get_conditional_response(request, etag=tag, last_modified=modified)
    response = unwanted or _content(request, recording, store, _Version(tag, modified, original))
    response.headers["ETag"] = tag
    response.headers["Accept-Ranges"] = "bytes"
    if modified is not None:
        response.headers["Last-Modified"] = http_date(modified)
    return response


@dataclass(frozen=True, slots=True)
class _Version:
    """Which bytes of a recording a request is about, and what If-Range may call them."""

    tag: str
    modified: int | None
    original: bool

    def is_meant_by(self, condition: str) -> bool:
        """If-Range, which wants the same bytes for sure: a weak tag never matches, a date only exactly."""
        if condition.startswith(('"', "W/")):
            return condition == self.tag
        return self.modified is not None and parse_http_date_safe(condition) == self.modified


def _content(
    request: HttpRequest, recording: Playable, store: RecordingStore, version: _Version
) -> HttpResponseBase:
    bytes_of = _pieces(recording, original=version.original)
    size = bytes_of.size
    if version.original and size != recording.size_bytes:
        raise ObjectDamaged("What is known of the stored object does not add up to what was uploaded.")
    # What follows shows it as well, but not for HEAD, and too late where bytes kept elsewhere are sent first.
    if version.original or request.method == "HEAD":
        _check_size(store, recording.storage_key, bytes_of.object_size)
    if request.method == "HEAD":  # for which no ranges are defined
        return HttpResponse(headers={"Content-Length": str(size)})
    try:
        selected = _selected(request, size, version)
    except Unsatisfiable:
        return _unsatisfiable(size)
    chosen = selected or ByteRange(0, size)
    body = _Body(store, recording.storage_key, bytes_of.pieces(chosen.start, chosen.length))
    response = StreamingHttpResponse(body, headers={"Content-Length": str(chosen.length)})
    if selected:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {chosen.start}-{chosen.stop - 1}/{size}"
    return response


def _check_size(store: RecordingStore, key: str, size: int) -> None:
    if store.size(key) != size:
        raise ObjectDamaged("The stored object is not as long as it was when it was put there.")


def _selected(request: HttpRequest, size: int, version: _Version) -> ByteRange | None:
    condition = request.META.get("HTTP_IF_RANGE", "").strip()
    if condition and not version.is_meant_by(condition):
        return None
    return parse_range(request.META.get("HTTP_RANGE"), size)


def _unsatisfiable(size: int) -> HttpResponse:
    body = {"title": "Range Not Satisfiable", "status": 416, "detail": f"The recording has {size} bytes."}
    headers = {"Content-Range": f"bytes */{size}"}
    return JsonResponse(body, status=416, headers=headers, content_type="application/problem+json")


def _entity_tag(recording: Playable, store: RecordingStore, *, original: bool) -> str:
    """A strong one. The uploaded bytes are their hash; a stored object, made anew, gets a new key."""
    if original:
        return f'"{recording.sha256}"'
    made = blake2b(recording.storage_key.encode(), digest_size=8).hexdigest()
    return store.entity_tag(recording.storage_key) or f'"{recording.sha256[:32]}-{made}"'


def _pieces(recording: Playable, *, original: bool) -> Original:
    size = recording.stored_size or 0
    if not original:
        return Original(size)
    head, tail = bytes(recording.original_head), bytes(recording.tail_saved)
    return Original(size, head, recording.body_start, recording.cut, tail)


class _Body:
    """The bytes of the pieces. The first block is read at once, while a missing object can still be told of."""

    def __init__(self, store: RecordingStore, key: str, pieces: Iterator[bytes | range]) -> None:
        self._blocks = _blocks(store, key, pieces)
        self._first = next(self._blocks, b"")
        self._where = f"{store.name} {key}"

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        try:
            yield from self._blocks
        except StorageError as error:
            # The status is sent: all that is left is to break off, so that the client sees it has not got all.
            logger.error("The recording in %s broke off while it was sent: %s", self._where, error)
            raise

    def close(self) -> None:
        self._blocks.close()


def _blocks(store: RecordingStore, key: str, pieces: Iterator[bytes | range]) -> Generator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            with store.open_range(key, piece.start, len(piece)) as reader:
                yield from reader
