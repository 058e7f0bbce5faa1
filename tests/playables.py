"""Stored recordings without a database, and requests for them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory

from recordings import storage
from recordings.playback import media_response
from tests.stores import WEBM, key, staged

DATA = bytes(range(256)) * 4 + b"the end"
SIZE = len(DATA)
COMPLETED = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@dataclass
class StoredRecording:
    storage_key: str
    stored_size: int | None
    size_bytes: int | None
    storage_backend: str = "local"
    sha256: str = sha256(b"").hexdigest()
    filename: str = "Tuesday's session.webm"
    content_type: str = "video/webm"
    completed_at: datetime | None = COMPLETED
    original_head: bytes = b""
    body_start: int = 0
    cut: int | None = None
    tail_saved: bytes = b""


def kept(tmp_path: Path, data: bytes = DATA, **facts: object) -> StoredRecording:
    """A recording whose stored object is `data`, in the store that is set up."""
    store, name = storage.current_store(), key()
    store.put(name, staged(tmp_path, data), content_type=WEBM)
    recording = StoredRecording(name, len(data), len(data), store.name, sha256(data).hexdigest())
    for fact, value in facts.items():
        setattr(recording, fact, value)
    return recording


def ask(
    recording: StoredRecording, method: str = "GET", *, original: bool = False, **headers: str
) -> HttpResponseBase:
    request = RequestFactory().generic(method, "/", headers={k.replace("_", "-"): v for k, v in headers.items()})
    return media_response(request, recording, attachment=True, original=original)


def body(response: HttpResponseBase) -> bytes:
    if isinstance(response, StreamingHttpResponse):
        return b"".join(response)
    return bytes(getattr(response, "content"))  # noqa: B009
