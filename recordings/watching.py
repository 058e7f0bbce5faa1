"""Watching and downloading, with the trace each leaves in the audit log."""

import re
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase

from recordings import audit, casts, playback, segments
from recordings.audit import Actor
from recordings.casts import Form
from recordings.models import Action, Kind, Recording
from recordings.sending import Content

_FROM_THE_START = re.compile(r"\s*bytes\s*=\s*0+\s*-", re.IGNORECASE)


def watch(request: HttpRequest, recording: Recording, by: Actor) -> HttpResponseBase:
    """The bytes for a player on a page. Raises what `playback.media_response` does."""
    if recording.kind == Kind.TERMINAL:
        response = casts.played(request, recording)
    else:
        response = playback.media_response(request, recording, attachment=False)
    return _noted(Action.VIEW, request, response, recording, by)


def segment_index(request: HttpRequest, recording: Recording, by: Actor) -> HttpResponseBase:
    """What a player asks for first that plays a terminal recording in segments. Raises segments.NoSegments."""
    response = segments.index(recording)
    if request.method == "GET":
        audit.record_access(Action.VIEW, by, recording, from_start=True)
    return response


def segment(request: HttpRequest, recording: Recording, number: int, by: Actor) -> HttpResponseBase:
    """One of them. Raises what `segments.part` does."""
    response = segments.part(request, recording, number)
    if request.method == "GET":
        audit.record_access(Action.VIEW, by, recording, from_start=False)
    return response


def download(
    request: HttpRequest, recording: Recording, by: Actor, *, original: bool, form: Form = Form.CAST
) -> HttpResponseBase:
    """The bytes as a file to keep; `form` is that of a terminal recording. Raises what `media_response` does."""
    if recording.kind != Kind.TERMINAL:
        response = playback.media_response(request, recording, attachment=True, original=original)
    elif original:
        response = casts.original(request, recording)
    else:
        response = casts.download(request, recording, form)
    return _noted(Action.DOWNLOAD, request, response, recording, by)


def read(recording: Recording, by: Actor, *, from_start: bool) -> None:
    """Audit that somebody reads the transcript, which tells as much as watching does."""
    audit.record_access(Action.VIEW, by, recording, from_start=from_start)


def from_start(request: HttpRequest) -> bool:
    """Whether the bytes that are asked for begin with the first."""
    asked = request.headers.get("Range")
    return not asked or bool(_FROM_THE_START.match(asked))


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a file, whether more come after them, and how many there are in all, where that is known."""

    data: bytes
    more: bool
    total: int | None


def part_of(content: Content, start: int, most: int) -> Part:
    """At most `most` bytes from offset `start` on. Raises what reading from the store does."""
    length = max(0, min(most, content.size - start))
    data = b"".join(content.blocks(start, length)) if length else b""
    return Part(data, start + length < content.size, content.size)


def part(recording: Recording, by: Actor, *, start: int, most: int) -> Part:
    """At most `most` bytes from offset `start` on: of a terminal recording's cast, or of a video as it is played.

    Raises what `playback.media_response` does.
    """
    if recording.kind == Kind.TERMINAL:
        content: Content = casts.content_of(recording, Form.CAST)
    else:
        content = playback.content_of(recording)
    found = part_of(content, start, most)
    audit.record_access(Action.DOWNLOAD, by, recording, from_start=not start)
    return found


def part_of_text(recording: Recording, by: Actor, *, start: int, most: int) -> Part:
    """The same of what a terminal showed, line by line. Raises transcripts.NoTranscript."""
    data, passed = bytearray(), 0
    for line in casts.text_of(recording):
        data += line[max(0, start - passed) :]
        passed += len(line)
        if len(data) > most:
            break
    audit.record_access(Action.DOWNLOAD, by, recording, from_start=not start, format=Form.TEXT.value)
    more = len(data) > most
    return Part(bytes(data[:most]), more, None if more else passed)


def _noted(
    action: Action, request: HttpRequest, response: HttpResponseBase, recording: Recording, by: Actor
) -> HttpResponseBase:
    """Audit an answer that gives bytes away, be it by sending somebody to them."""
    if request.method == "GET" and response.status_code in (200, 206, 302):
        audit.record_access(action, by, recording, from_start=from_start(request))
    return response
