"""What the two stores share: keys, errors, and a bounded reader."""

import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self
from uuid import UUID

BLOCK = 256 * 1024
SIGNED_URL_LIMIT = timedelta(minutes=5)
# Not blocking matters for a pipe that somebody put in the place of a file; plain files do not notice.
PLAIN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_EXTENSION = r"[a-z0-9]{1,16}(?:\.[a-z0-9]{1,16})?"
_KEY = re.compile(rf"{_UUID}/[0-9a-f]{{16}}\.{_EXTENSION}", re.ASCII)


class StorageError(Exception):
    """Something is wrong with stored bytes; the text is one sentence for a person."""


class StorageUnavailable(StorageError):
    """The store cannot be used at present (down, full, refusing us): the same call may succeed later."""


class DeletionIncomplete(StorageUnavailable):
    """Some objects could not be deleted; `remaining` names them, every other one is gone."""

    def __init__(self, remaining: dict[str, str]) -> None:
        self.remaining = remaining
        key, reason = next(iter(remaining.items()))
        super().__init__(f"{len(remaining)} stored objects could not be deleted; {key}: {reason}")


class ObjectMissing(StorageError):
    """No object is stored under the key."""


class ObjectDamaged(ObjectMissing):
    """The object is there but does not hold the bytes it should."""


class AlreadyStored(StorageError):
    """Another content is stored under the key already; nothing was changed."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing; `modified` is when the store got it."""

    key: str
    size: int
    modified: datetime


def new_key(recording_id: UUID, extension: str) -> str:
    """A key never used before, `<recording id>/<16 random hex digits>.<extension>`."""
    return checked(f"{recording_id}/{secrets.token_hex(8)}.{extension}")


def is_key(text: str) -> bool:
    """Whether `text` has the form that `new_key` gives, and so cannot name anything outside a store."""
    return _KEY.fullmatch(text) is not None


def checked(key: str) -> str:
    """The key itself. Raises ValueError when it does not have the form that `new_key` gives."""
    if not is_key(key):
        raise ValueError(f"{key[:100]!r} is not a storage key")
    return key


def open_sealed(path: Path) -> BinaryIO:
    """The file at `path`, unbuffered. Raises OSError for a link, ValueError for anything but a plain file."""
    file = os.fdopen(os.open(path, PLAIN_FILE), "rb", buffering=0)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError(f"{path} is not a plain file")
    return file


class Source(Protocol):
    """Anything bytes are read from."""

    def read(self, size: int, /) -> bytes | None: ...
    def close(self) -> None: ...


class RangeReader:
    """Gives exactly the bytes asked for, in memory for one block; iterating gives blocks of 256 KiB.

    Reading raises ObjectDamaged when the object ends too soon, and whatever `errors` makes of a failing source.
    """

    def __init__(
        self,
        source: Source,
        length: int,
        errors: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._source = source
        self._left = length
        self._errors = errors

    def read(self, size: int = BLOCK) -> bytes:
        """At most `size` bytes; b"" once all have been read."""
        size = min(size, self._left)
        if size <= 0:
            return b""
        with self._errors():
            data = self._source.read(size)
        if not data:
            raise ObjectDamaged(f"A stored object ended {self._left} bytes too soon.")
        self._left -= len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, b"")

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RecordingStore(Protocol):
    """A place for finished recordings. Every method but `signed_url` may raise StorageUnavailable.

    A key holds nothing or the whole of one file, at every moment and after any crash, and never another file.
    """

    name: str

    def put(self, key: str, path: Path, *, content_type: str) -> None:
        """Store the sealed file at `path`, durably, and confirm that all of it is there.

        Doing it again with the same bytes is well. Raises AlreadyStored for other bytes. A local store may keep
        the file itself (a hard link): from here on nobody may write to it but to put the same bytes back.
        """

    def size(self, key: str) -> int:
        """Length in bytes. Raises ObjectMissing."""

    def open_range(self, key: str, start: int, length: int) -> RangeReader:
        """Read `length` bytes from offset `start`. Raises ObjectMissing, or ObjectDamaged if there are fewer."""

    def as_file(self, key: str) -> AbstractContextManager[BinaryIO]:
        """The object as a plain file, to hand to another process. Raises ObjectMissing."""

    def delete(self, keys: Iterable[str]) -> None:
        """Return once none of the keys has an object, whether it had one or not; else raise DeletionIncomplete.

        However many there are, it takes as few requests as can be: call it with all.
        """

    def signed_url(self, key: str, *, expires: timedelta, content_type: str, disposition: str) -> str | None:
        """An address that serves the object to anybody for at most five minutes; None if the store has none."""

    def entity_tag(self, key: str) -> str | None:
        """The ETag that signed URLs answer with; None if the store has none. May raise ObjectMissing."""

    def keys(self) -> Iterator[StoredObject]:
        """Every object, in no particular order, foreign files left out."""

    def sweep(self, *, before: datetime) -> int:
        """Remove what interrupted puts begun `before` have left behind and nobody sees; how many there were."""

    def check(self) -> list[str]:
        """What keeps the store from working, a sentence each that says how to mend it."""
