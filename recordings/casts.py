"""Give out terminal recordings: as players want them, as files to keep, and as exactly what was uploaded.

What is stored is compressed, and may have the upload behind what is played (recordings.media.asciicast.kept). It is
passed on as it is where that will do, and decompressed on the way where not.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from enum import StrEnum

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from recordings import transcripts
from recordings.media.asciicast import packing
from recordings.media.asciicast.reduced import SHOWN, reduced
from recordings.models import Recording
from recordings.playback import check_size, content_disposition, content_response, described, version_tag
from recordings.sending import Body, ByteRange, accepts_gzip, decompressed
from recordings.storage import ObjectDamaged, store_for

CAST_TYPE = "application/x-asciicast"
GZIP_TYPE = "application/gzip"


class Form(StrEnum):
    """What a terminal recording can be downloaded as."""

    CAST = "cast"
    PACKED = "cast.gz"
    TEXT = "txt"


def played(request: HttpRequest, recording: Recording) -> HttpResponseBase:
    """The cast for a player, compressed if it takes that. Raises what `playback.media_response` does."""
    packed = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    content = content_of(recording, Form.PACKED) if packed else content_of(recording, Form.CAST)
    content.headers = {"Content-Encoding": "gzip"} if packed else {}
    disposition = content_disposition(recording.filename, attachment=False)
    response = content_response(request, recording, content, CAST_TYPE, disposition)
    response.headers["Vary"] = "Accept-Encoding"
    return response


def download(request: HttpRequest, recording: Recording, form: Form) -> HttpResponseBase:
    """The cast, or its text, as a file to keep.

    Raises:
        transcripts.NoTranscript: the text has not been made. And what `playback.media_response` does.
    """
    if form == Form.TEXT:
        return _text(recording)
    content_type = GZIP_TYPE if form == Form.PACKED else CAST_TYPE
    disposition = content_disposition(f"{recording.name}.{form}", attachment=True)
    return content_response(request, recording, content_of(recording, form), content_type, disposition)


def original(request: HttpRequest, recording: Recording) -> HttpResponseBase:
    """Exactly what was uploaded; where what was typed is not kept, what was kept then.

    Raises what `playback.media_response` does.
    """
    there = recording.terminal
    if there.original_packed:
        # Kept behind something else, or as that itself: from 0 it ends where what is played does.
        stop = (recording.stored_size or 0) if there.original_start else there.played_size
        part = ByteRange(there.original_start, stop - there.original_start)
        content = _CastContent(recording, part, there.original_size, packed=True)
    else:
        content = _CastContent(recording, ByteRange(there.original_start, there.original_size), there.original_size)
    content.tag = f'"{there.original_sha256}"'
    gzipped = not there.original_packed
    name = f"{recording.name}.{Form.PACKED if gzipped else Form.CAST}"
    content_type = GZIP_TYPE if gzipped else CAST_TYPE
    return content_response(request, recording, content, content_type, content_disposition(name, attachment=True))


def text_of(recording: Recording) -> Iterator[bytes]:
    """Everything that was shown, line by line. Raises transcripts.NoTranscript."""
    transcripts.check_made(recording)
    return (f"{text}\n".encode() for _, text in transcripts.lines(recording))


def _text(recording: Recording) -> HttpResponseBase:
    response = StreamingHttpResponse(text_of(recording), content_type="text/plain; charset=utf-8")
    disposition = content_disposition(f"{recording.name}.{Form.TEXT}", attachment=True)
    return described(response, "text/plain; charset=utf-8", disposition)


def for_guests(request: HttpRequest, recording: Recording, *, attachment: bool) -> HttpResponseBase:
    """The cast without what was typed and what its header says of host and user. Ranges of that are not to be had.

    Raises what `playback.media_response` does.
    """
    content = content_of(recording, Form.CAST)
    head = request.method == "HEAD"
    content.check(head=head)
    packed = not attachment and accepts_gzip(request.headers.get("Accept-Encoding", ""))
    if head:
        response: HttpResponseBase = HttpResponse()
    else:
        blocks = _reduced(content, recording)
        response = StreamingHttpResponse(Body(packing.packing(blocks) if packed else blocks))
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    disposition = content_disposition(f"{recording.name}.{Form.CAST}", attachment=attachment)
    return described(response, CAST_TYPE, disposition)


def _reduced(content: "_CastContent", recording: Recording) -> Generator[bytes]:
    with closing(content.blocks(0, content.size)) as plain:
        yield from reduced(plain, title=recording.name, all_shown=recording.terminal.events.keys() <= SHOWN)


def content_of(recording: Recording, form: Form) -> "_CastContent":
    """The bytes of the cast in that form."""
    there = recording.terminal
    part = ByteRange(0, there.played_size)
    if form == Form.PACKED:
        content = _CastContent(recording, part, there.played_size)
    else:
        content = _CastContent(recording, part, there.plain_size, packed=True)
    content.tag = version_tag(recording, f"-{form}")
    return content


class _CastContent:
    """`size` bytes that are a part of the stored object or, if it is `packed`, what that part is compressed."""

    def __init__(self, recording: Recording, part: ByteRange, size: int, *, packed: bool = False) -> None:
        self._recording, self._part, self._packed = recording, part, packed
        self._store = store_for(recording.storage_backend)
        self.size = size
        self.tag = ""
        self.headers: Mapping[str, str] = {}

    def check(self, *, head: bool) -> None:
        if head:
            check_size(self._store, self._recording.storage_key, self._recording.stored_size or 0)

    def blocks(self, start: int, length: int) -> Generator[bytes]:
        if self._packed:
            with closing(self._plain()) as plain:
                yield from _sliced(plain, start, length)
        else:
            key = self._recording.storage_key
            with self._store.open_range(key, self._part.start + start, length) as reader:
                yield from reader

    def _plain(self) -> Generator[bytes]:
        key = self._recording.storage_key
        with self._store.open_range(key, self._part.start, self._part.length) as reader:
            yield from decompressed(reader)


def _sliced(blocks: Generator[bytes], start: int, length: int) -> Generator[bytes]:
    """`length` of the bytes from `start` on. Raises ObjectDamaged if there are fewer."""
    for block in blocks:
        wanted = block[start : start + length]
        start = max(0, start - len(block))
        length -= len(wanted)
        if wanted:
            yield wanted
        if not length:
            return
    raise ObjectDamaged(f"A stored terminal recording ended {length} bytes too soon.")
