"""Send bytes over HTTP from any offset: ranges, validators and preconditions (RFC 9110).

Whoever calls has checked permission and status, and says what the bytes are called and what type they have.
"""

import logging
import re
import zlib
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, parse_http_date_safe

from recordings.media.asciicast import unpacked
from recordings.storage import ObjectDamaged, StorageError

logger = logging.getLogger(__name__)

_RANGES = re.compile(r"bytes=([0-9,\- \t]*)", re.ASCII | re.IGNORECASE)
_ENCODING = re.compile(r"\s*([^\s;]+)\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?", re.IGNORECASE)
_RANGE = re.compile(r"([0-9]*)-([0-9]*)", re.ASCII)


class Content(Protocol):
    """Bytes that can be sent. Everything may raise what a store does."""

    @property
    def size(self) -> int:
        """How many there are."""

    @property
    def tag(self) -> str:
        """Their ETag, a strong one: two contents with the same tag have the same bytes."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What else an answer says of them."""

    def check(self, *, head: bool) -> None:
        """Raise ObjectMissing where they cannot be had. With `head` none of them is asked for afterwards."""

    def blocks(self, start: int, length: int) -> Generator[bytes]:
        """`length` of them from offset `start` on, in blocks."""


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


def answer(request: HttpRequest, content: Content, *, modified: datetime | None) -> HttpResponseBase:
    """What GET or HEAD gets: all of the content, a range of it (206, or 416), or what conditions make of it.

    Several ranges at once get the whole. Raises what the content does, for the first block too.
    """
    version = _Version(content.tag, int(modified.timestamp()) if modified else None)
    unwanted = get_conditional_response(request, etag=version.tag, last_modified=version.modified)
    response = unwanted or _sent(request, content, version)
    response.headers["ETag"] = version.tag
    response.headers["Accept-Ranges"] = "bytes"
    if version.modified is not None:
        response.headers["Last-Modified"] = http_date(version.modified)
    if 200 <= response.status_code < 300:
        for name, value in content.headers.items():
            response.headers[name] = value
    return response


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for choice in header.split(","):
        match = _ENCODING.fullmatch(choice)
        if match and match[1].lower() in ("gzip", "x-gzip"):
            return not match[2] or match[2].strip("0.") != ""
    return False


def decompressed(blocks: Iterable[bytes]) -> Generator[bytes]:
    """What a stored gzip member holds.

    Raises:
        ObjectDamaged: it is none.
    """
    try:
        yield from unpacked(blocks)
    except zlib.error as error:
        raise ObjectDamaged("What is stored of a terminal recording cannot be decompressed.") from error


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


def _number(digits: str) -> int | None:
    """A number no greater than any file, for Python refuses to read thousands of digits; None for no digits."""
    return min(int(digits.lstrip("0")[:20] or "0"), 10**18) if digits else None


def _suffix(length: int, size: int) -> ByteRange | None:
    if length == 0:
        raise Unsatisfiable
    return ByteRange(max(0, size - length), min(length, size)) if size else None


@dataclass(frozen=True, slots=True)
class _Version:
    """Which bytes a request is about, and what If-Range may call them."""

    tag: str
    modified: int | None

    def is_meant_by(self, condition: str) -> bool:
        """If-Range, which wants the same bytes for sure: a weak tag never matches, a date only exactly."""
        if condition.startswith(('"', "W/")):
            return condition == self.tag
        return self.modified is not None and parse_http_date_safe(condition) == self.modified


def _sent(request: HttpRequest, content: Content, version: _Version) -> HttpResponseBase:
    size = content.size
    head = request.method == "HEAD"
    content.check(head=head)
    if head:  # for which no ranges are defined
        return HttpResponse(headers={"Content-Length": str(size)})
    try:
        selected = _selected(request, size, version)
    except Unsatisfiable:
        return _unsatisfiable(size)
    chosen = selected or ByteRange(0, size)
    response = StreamingHttpResponse(
        Body(content.blocks(chosen.start, chosen.length)), headers={"Content-Length": str(chosen.length)}
    )
    if selected:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {chosen.start}-{chosen.stop - 1}/{size}"
    return response


def _selected(request: HttpRequest, size: int, version: _Version) -> ByteRange | None:
    condition = request.META.get("HTTP_IF_RANGE", "").strip()
    if condition and not version.is_meant_by(condition):
        return None
    return parse_range(request.META.get("HTTP_RANGE"), size)


def _unsatisfiable(size: int) -> HttpResponse:
    body = {"title": "Range Not Satisfiable", "status": 416, "detail": f"The recording has {size} bytes."}
    headers = {"Content-Range": f"bytes */{size}"}
    return JsonResponse(body, status=416, headers=headers, content_type="application/problem+json")


class Body:
    """Blocks to send. The first one is read at once, while a missing object can still be told of."""

    def __init__(self, blocks: Generator[bytes]) -> None:
        self._blocks = blocks
        self._first = next(self._blocks, b"")

    def __iter__(self) -> Generator[bytes]:
        yield self._first
        try:
            yield from self._blocks
        except StorageError as error:
            # The status is sent: all that is left is to break off, so that the client sees it has not got all.
            logger.error("A recording broke off while it was sent: %s", error)
            raise

    def close(self) -> None:
        self._blocks.close()
