"""What both kinds of staging promise: bytes behind each other, safe once synced, until they are put away.

How many bytes are staged is the offset, and nothing else says so. Of two writers at one offset one wins and the
other is told; a writer that waits for its network holds nobody up. Every call may raise `StagingUnavailable`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

PAGE = 4096
LEAST_ROOM, MOST_ROOM = PAGE, 128 * PAGE
# No upload is begun while there is less space than this, so that those under way come to their end; nor is one
# added to that would leave the database and the logs without any. A small disk keeps shares of itself instead.
FREE_SPACE_FLOOR = 64 * 1024 * 1024
LAST_SPACE = 16 * 1024 * 1024
SMALL_DISK = 2 * 1024 * 1024 * 1024


class DiskFull(Exception):
    """There is no space for the bytes. Those before them are kept."""

    def __init__(self) -> None:
        super().__init__("The portal's disk is full. What was acknowledged is kept; try again later.")


class StagingUnavailable(Exception):
    """Staging cannot be reached at present."""


class Busy(Exception):
    """Another process is putting the upload away."""


class Gone(Exception):
    """Nothing is staged for the upload: it was removed, or never begun."""


class WrongOffset(Exception):
    """The bytes do not follow what is staged; `actual` is the offset at which they would."""

    def __init__(self, actual: int) -> None:
        super().__init__(f"The upload is at offset {actual}.")
        self.actual = actual


class Appender(Protocol):
    """Writes blocks behind what is staged."""

    def write(self, block: bytes) -> None:
        """Add a block. Raises WrongOffset when somebody else was faster, DiskFull."""

    def sync(self) -> int:
        """Return the offset, once everything up to it survives a power cut. Raises WrongOffset, DiskFull."""


@dataclass(frozen=True)
class Whole:
    """All of an upload in one file that may be changed: `room` unused bytes, then those that were uploaded.

    final: nothing is appended any more, and the file is the only copy of its bytes.
    """

    file: BinaryIO
    path: Path
    room: int
    final: bool


class Staging(Protocol):
    """A place for uploads. `room` is the number of unused bytes a `Whole` of theirs has in front."""

    name: str

    def create(self, upload_id: UUID, *, room: int, expected: int) -> None:
        """Begin an upload of about `expected` bytes. Raises DiskFull."""

    def offset(self, upload_id: UUID, *, room: int) -> int:
        """Bytes staged. Raises Gone."""

    def appender(self, upload_id: UUID, *, room: int, at: int) -> AbstractContextManager[Appender]:
        """Write from offset `at` on. Raises WrongOffset, Gone."""

    def whole(self, upload_id: UUID, *, room: int, final: bool) -> AbstractContextManager[Whole]:
        """All that is staged, as one file, for this process alone. Raises Busy, Gone, DiskFull.

        Unless `final`, more may still be appended afterwards: the file then is a copy.
        """

    def remove(self, upload_id: UUID) -> None:
        """Forget an upload. Doing it twice is fine."""

    def abandoned(self, before: datetime) -> Iterator[UUID]:
        """Uploads to which nothing was added since `before`."""

    def check(self) -> list[str]:
        """What keeps staging from working, a sentence each that says how to mend it."""


def room_for(length: int) -> int:
    """Bytes to keep free before an upload of `length` bytes: enough for one cue to every 40 kB."""
    pages = -(-length // 2048 // PAGE)
    return min(max(pages * PAGE, LEAST_ROOM), MOST_ROOM)
