"""One body on its way to disk: bounded, checked by its first bytes, and hashed while it is written."""

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings

from recordings import meters
from recordings.ingest import kinds, staging
from recordings.media.sniff import SNIFF_BYTES
from recordings.models import Kind

BLOCK = 256 * 1024
MB = 1024 * 1024


class TooLarge(Exception):
    """More than a recording may have."""

    def __init__(self) -> None:
        super().__init__(f"Recording too large (max {settings.SORTIE_RECORDING_MAX_SIZE_MB} MB)")


class BrokenOff(Exception):
    """Less arrived than was announced."""


@dataclass(frozen=True)
class Arrived:
    """A body that is on disk, whole: `length` bytes after `room` unused ones, and their SHA-256 in hex."""

    upload_id: UUID
    room: int
    length: int
    sha256: str


def largest() -> int:
    """Bytes a recording may have."""
    return int(settings.SORTIE_RECORDING_MAX_SIZE_MB) * MB


class Intake:
    """Takes the blocks of one body, then is asked to `seal` it; anything else discards what was written."""

    def __init__(self, *, expected: int, kind: Kind = Kind.VIDEO) -> None:
        """`expected`: bytes announced, for the free space to be looked at. Raises TooLarge, staging.DiskFull."""
        if expected > largest():
            raise TooLarge
        self._id, self._room, self._kind = uuid4(), staging.room_for(expected), kind
        self._place = staging.current()
        self._place.create(self._id, room=self._room, expected=expected)
        self._open = ExitStack()
        self._staged = self._open.enter_context(self._place.appender(self._id, room=self._room, at=0))
        self._length = 0
        self._first: bytes | None = b""
        self._hash = hashlib.sha256()
        self._sealed = False

    def write(self, block: bytes) -> None:
        """Append one block.

        Raises:
            TooLarge: it would be more than is allowed, whatever was announced.
            MediaError: the first bytes are those of something else.
            staging.DiskFull: there is no space for it.
        """
        if self._length + len(block) > largest():
            raise TooLarge
        if self._first is not None:
            self._look_at(block)
        # In this thread, while the server's receives the next block; a third one only had them wait for each other.
        self._hash.update(block)
        self._staged.write(block)
        meters.received_bytes.inc(len(block))
        self._length += len(block)

    def _look_at(self, block: bytes) -> None:
        first = (self._first or b"") + block[:SNIFF_BYTES]
        verdict = kinds.begins_well(self._kind, first)
        if verdict is False:
            raise kinds.why_not(self._kind, first)
        self._first = None if verdict else first

    def seal(self) -> Arrived:
        """Return once all bytes survive a power cut. Raises MediaError when too few came to be a recording."""
        if self._first is not None:
            raise kinds.why_not(self._kind, self._first)
        self._staged.sync()
        self._open.close()
        self._sealed = True
        return Arrived(self._id, self._room, self._length, self._hash.hexdigest())

    def discard(self) -> None:
        """Forget what was written, unless it was sealed."""
        if not self._sealed:
            self._sealed = True
            self._open.close()
            staging.drop(self._id)
