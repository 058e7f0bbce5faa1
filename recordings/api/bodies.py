"""Bodies of uploads, read as they arrive: a multipart form or the bare file, never more than a block in memory."""

import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from recordings import connections
from recordings.api.errors import ProblemError
from recordings.ingest import intake, staging
from recordings.ingest.intake import BLOCK, Arrived, Intake
from recordings.ingest.paced import Paced
from recordings.media.errors import BeyondLimits, CastBeyondLimits, DamagedCast, MediaError
from recordings.models import Kind

# What a form may have besides the file: its other fields, and the boundaries.
FORM_OVERHEAD = 64 * 1024
PULSE = 60.0  # seconds
NO_FILE = "The form has no field `file` with the recording in it."
NO_NAMED_FILE = "The form has no field `file` with a file name, or the header of a part of it is too long."
_LENGTH = re.compile(r"[0-9]{1,15}")
_BROKEN_OFF = "The upload broke off: {arrived} of {announced} bytes arrived. Nothing was kept; send it again."


def announced_length(request: HttpRequest) -> int:
    """The body's length from the headers, before anything is read of it.

    Raises:
        ProblemError: 411 without one (or when the body is sent in chunks), 413 when it is too large.
    """
    text = request.META.get("CONTENT_LENGTH") or ""
    if request.META.get("HTTP_TRANSFER_ENCODING") or not _LENGTH.fullmatch(text):
        raise ProblemError(411, "Send the body with a Content-Length, not in chunks.")
    length = int(text)
    if length > intake.largest() + FORM_OVERHEAD:
        raise ProblemError(413, str(intake.TooLarge()))
    return length


def nobody_waits() -> None:
    """A sign of life that nothing depends on."""


def take_form(
    request: HttpRequest,
    length: int,
    sign_of_life: Callable[[], None] = nobody_waits,
    *,
    kind: Kind = Kind.VIDEO,
    names: Collection[str] = ("file",),
) -> "tuple[QueryDict, Uploaded | None]":
    """The fields of a `multipart/form-data` body, and its file (the one field of those `names`) on disk.

    `sign_of_life` is called every minute for as long as the body comes.
    """
    connections.give_back()
    handler = _ToStaging(expected=length, kind=kind, names=names)
    body: Any = _Body(request, length, sign_of_life)
    try:
        with _as_problems():
            parser = MultiPartParser(request.META, body, [handler], "utf-8")
            fields, files = parser.parse()
            body.check_form((request.content_params or {}).get("boundary", ""))
        uploaded = next(iter(files.values()), None)
        return fields, uploaded if isinstance(uploaded, Uploaded) else None
    except BaseException:
        handler.discard()
        raise


def take_bare(
    request: HttpRequest,
    length: int,
    sign_of_life: Callable[[], None] = nobody_waits,
    *,
    kind: Kind = Kind.VIDEO,
) -> "Uploaded":
    """A body that is the file itself, and has no name."""
    connections.give_back()
    body = _Body(request, length, sign_of_life)
    with _as_problems():
        taken = Intake(expected=length, kind=kind)
        try:
            while block := body.read():
                taken.write(block)
            body.check_whole()
            return Uploaded(None, taken.seal())
        finally:
            taken.discard()


class Uploaded(UploadedFile):  # type: ignore[type-arg]
    """A file of a form, whole and on disk."""

    def __init__(self, name: str | None, arrived: Arrived) -> None:
        super().__init__(name=name, size=arrived.length)
        self.arrived = arrived

    def close(self) -> None:
        """There is nothing open: the parser closes what it has when a form goes wrong."""


class _ToStaging(FileUploadHandler):
    """Writes a form's file to staging while the form is parsed."""

    chunk_size = BLOCK

    def __init__(self, *, expected: int, kind: Kind, names: Collection[str]) -> None:
        super().__init__()
        self._expected, self._kind, self._names = expected, kind, names
        self._intake: Intake | None = None
        self._arrived: list[Arrived] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.field_name not in self._names:
            raise ProblemError(400, NO_FILE)
        # The form is longer than its file, and its length was looked at.
        self._intake = Intake(expected=min(self._expected, intake.largest()), kind=self._kind)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self._intake is not None
        self._intake.write(raw_data)

    def file_complete(self, file_size: int) -> Uploaded:
        assert self._intake is not None
        arrived = self._intake.seal()
        self._arrived.append(arrived)
        return Uploaded(self.file_name, arrived)

    def upload_interrupted(self) -> None:
        self.discard()

    def discard(self) -> None:
        """Forget the file, also one that is whole but whose form is not."""
        if self._intake is not None:
            self._intake.discard()
        for arrived in self._arrived:
            staging.drop(arrived.upload_id)


class _Body:
    """The request's body; remembers how much came and how it ended, and says now and then that it comes."""

    _TAIL = 1024

    def __init__(self, request: HttpRequest, length: int, sign_of_life: Callable[[], None]) -> None:
        self._paced = Paced(request.read)
        self._length = length
        self._sign_of_life = sign_of_life
        self._told = time.monotonic()
        self._arrived = 0
        self._tail = b""

    def read(self, size: int = BLOCK) -> bytes:
        data = self._paced.read(size)
        self._arrived += len(data)
        self._tail = (self._tail + data[-self._TAIL :])[-self._TAIL :]
        if data and time.monotonic() - self._told >= PULSE:
            self._told = time.monotonic()
            self._sign_of_life()
            connections.give_back()
        return data

    def check_whole(self) -> None:
        """Raise BrokenOff unless all came that was announced: WSGI ends a body that was cut like any other."""
        if self._arrived != self._length:
            raise self._broken_off()

    def check_form(self, boundary: str) -> None:
        """The same for a form, which also has to end as forms do."""
        while self.read():
            pass
        self.check_whole()
        if f"--{boundary}--".encode("latin-1", "replace") not in self._tail:
            raise self._broken_off()

    def _broken_off(self) -> intake.BrokenOff:
        return intake.BrokenOff(_BROKEN_OFF.format(arrived=self._arrived, announced=self._length))


@contextmanager
def _as_problems() -> Iterator[None]:
    """Everything that may be wrong with a body, as an answer."""
    try:
        yield
    except intake.TooLarge as error:
        raise ProblemError(413, str(error)) from error
    except intake.BrokenOff as error:
        raise ProblemError(400, str(error)) from error
    except MultiPartParserError as error:
        # Django does not read past a file without a name, and takes what is in it for the head of the next part.
        lost = "header size" in str(error)
        raise ProblemError(400, NO_NAMED_FILE if lost else str(error)) from error
    except TooManyFieldsSent as error:
        raise ProblemError(400, "The form has too many fields.") from error
    except TooManyFilesSent as error:
        raise ProblemError(400, "Send one file at a time.") from error
    except staging.DiskFull as error:
        raise ProblemError(507, str(error), headers={"Retry-After": "300"}) from error
    except staging.StagingUnavailable as error:
        detail = "Uploads cannot be kept at present. Nothing was kept of this one; try again in a minute."
        raise ProblemError(503, detail, headers={"Retry-After": "60"}) from error
    except staging.Gone as error:
        raise ProblemError(400, "The upload stood still for too long. Nothing was kept; send it again.") from error
    except MediaError as error:
        raise refused(error) from error


def refused(error: MediaError) -> ProblemError:
    """415 for what is no file we can read, 422 for one with a wrong line or beyond our limits."""
    if isinstance(error, DamagedCast):
        return ProblemError(422, str(error), line=error.line)
    return ProblemError(422 if isinstance(error, BeyondLimits | CastBeyondLimits) else 415, str(error))
