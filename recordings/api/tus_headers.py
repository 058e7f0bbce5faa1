"""The headers of tus requests, by strict grammar: what is not clearly right is refused, and nothing is created."""

import base64
import binascii
import re
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from recordings.api.errors import ProblemError
from recordings.ingest.pieces import Checksum
from recordings.ingest.resumable import Wanted
from recordings.ingest.sidecars import BadSidecar, parsed
from recordings.models import Kind

LONGEST_METADATA = 1024
DIGEST_BYTES = {"sha1": 20, "sha256": 32}

_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
_KEY = re.compile(r"[!-+\--~]+", re.ASCII)


def number(request: HttpRequest, name: str) -> int | None:
    """A header that is a whole number of at most 15 digits, given once; None without it.

    Raises:
        ProblemError: 400, it is anything else.
    """
    text = _said(request, name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise ProblemError(400, f"{name} must be one whole number, in digits only.")
    return int(text)


def required_number(request: HttpRequest, name: str) -> int:
    value = number(request, name)
    if value is None:
        raise ProblemError(400, f"{name} is missing.")
    return value


def body_length(request: HttpRequest) -> int:
    """Content-Length. Raises 411 without one: a body in chunks cannot be told from one that broke off."""
    text = request.META.get("CONTENT_LENGTH") or ""
    if request.META.get("HTTP_TRANSFER_ENCODING") or not _NUMBER.fullmatch(text):
        raise ProblemError(411, "Send the body with a Content-Length, not in chunks.")
    return int(text)


def wanted(request: HttpRequest) -> Wanted:
    """What a creation asks for. Raises 400."""
    length = number(request, "Upload-Length")
    deferred = _said(request, "Upload-Defer-Length")
    if deferred not in (None, "1"):
        raise ProblemError(400, "Upload-Defer-Length can only be 1.")
    if (length is None) == (deferred is None):
        raise ProblemError(400, "Send either Upload-Length or Upload-Defer-Length: 1.")
    if length == 0:
        raise ProblemError(400, "An empty file is no recording: Upload-Length must be at least 1.")
    raw = _said(request, "Upload-Metadata") or ""
    fields = _metadata(raw)
    return Wanted(
        length,
        recording_id=_recording_id(fields.get("recording_id")),
        kind=_kind(fields),
        title=fields.get("title", ""),
        filename=fields.get("filename", fields.get("name", "")),
        metadata=raw,
        sidecar=_sidecar(fields.get("sidecar", "")),
    )


def checksum(request: HttpRequest) -> Checksum | None:
    """Upload-Checksum, as algorithm and digest. Raises 400."""
    text = _said(request, "Upload-Checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in DIGEST_BYTES:
        raise ProblemError(400, "Upload-Checksum may use " + " or ".join(DIGEST_BYTES) + ".")
    digest = _decoded(encoded)
    if digest is None or len(digest) != DIGEST_BYTES[algorithm]:
        raise ProblemError(400, f"Upload-Checksum does not hold a base64 {algorithm} digest.")
    return Checksum(algorithm, digest)


def _said(request: HttpRequest, name: str) -> str | None:
    # Not by `request.headers`, which is made of all of them, for each of thousands of pieces.
    text: str | None = request.META.get("HTTP_" + name.upper().replace("-", "_"))
    return text


def _metadata(raw: str) -> dict[str, str]:
    if len(raw) > LONGEST_METADATA:
        raise ProblemError(400, f"Upload-Metadata may have {LONGEST_METADATA} characters.")
    fields: dict[str, str] = {}
    for pair in raw.split(",") if raw else []:
        key, _, encoded = pair.strip().partition(" ")
        value = _decoded(encoded)
        if not _KEY.fullmatch(key) or key in fields or value is None:
            raise ProblemError(400, "Upload-Metadata must be `key base64`, separated by commas, each key once.")
        fields[key] = value.decode("utf-8", "replace")
    return fields


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None


def _kind(fields: dict[str, str]) -> Kind:
    """As the client says it or, of one that knows nothing of kinds, as its file is called."""
    name = fields.get("filename", fields.get("name", "")).lower()
    named = Kind.TERMINAL if name.endswith((".cast", ".cast.gz")) else Kind.VIDEO
    try:
        return Kind(fields.get("kind", named))
    except ValueError:
        raise ProblemError(400, "kind in Upload-Metadata may be " + " or ".join(Kind.values) + ".") from None


def _sidecar(text: str) -> dict[str, Any]:
    try:
        return parsed(text)
    except BadSidecar as error:
        raise ProblemError(400, str(error)) from error


def _recording_id(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise ProblemError(400, "recording_id in Upload-Metadata is not an id.") from None
