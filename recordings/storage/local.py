"""Recordings in a local directory: `<root>/<recording id>/<name>`, folders 0700, files 0600."""

import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from recordings.storage.base import (
    BLOCK,
    PLAIN_FILE,
    AlreadyStored,
    DeletionIncomplete,
    ObjectDamaged,
    ObjectMissing,
    RangeReader,
    StorageUnavailable,
    StoredObject,
    checked,
    is_key,
    open_sealed,
)

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
_NOT_PLAIN = {errno.ELOOP, errno.ENOTDIR, errno.ENXIO}
_PART = ".part"
_ATTEMPTS = 10


class LocalStore:
    """A `RecordingStore` that keeps files under `root`, which is made when first needed."""

    name = "local"

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, path: Path, *, content_type: str) -> None:
        folder, name = checked(key).split("/")
        with open_sealed(path) as file, self._passing("store a recording in"):
            os.fchmod(file.fileno(), 0o600)
            os.fsync(file.fileno())
            for attempt in range(_ATTEMPTS):
                try:
                    with self._made_folder(folder) as (root, place):
                        _place(file, path, place, name)
                        os.fsync(place)
                        os.fsync(root)
                    return
                except FileNotFoundError:
                    # Deleting another object may have removed the folder, empty as it was, at this very moment.
                    if attempt == _ATTEMPTS - 1:
                        raise

    def size(self, key: str) -> int:
        with self._opened(key) as file:
            return os.fstat(file.fileno()).st_size

    def open_range(self, key: str, start: int, length: int) -> RangeReader:
        file = self._open(key)
        try:
            missing = start + length - os.fstat(file.fileno()).st_size
            if missing > 0:
                raise ObjectDamaged(f"The stored object {key} is {missing} bytes too short.")
            file.seek(start)
        except BaseException:
            file.close()
            raise
        return RangeReader(file, length, lambda: self._passing("read from"))

    def as_file(self, key: str) -> AbstractContextManager[BinaryIO]:
        return self._open(key)

    def delete(self, keys: Iterable[str]) -> None:
        remaining = {}
        names = [(key, *checked(key).split("/")) for key in keys]
        with self._passing("delete from"), self._opened_root() as root:
            for key, folder, name in names:
                try:
                    _remove(root, folder, name)
                except OSError as error:
                    remaining[key] = error.strerror or str(error)
            os.fsync(root)
        if remaining:
            raise DeletionIncomplete(remaining)

    def signed_url(self, key: str, *, expires: timedelta, content_type: str, disposition: str) -> str | None:
        return None

    def entity_tag(self, key: str) -> str | None:
        return None

    def keys(self) -> Iterator[StoredObject]:
        for folder, name, facts in self._files():
            if is_key(f"{folder}/{name}"):
                # Not st_mtime: a linked file keeps the time of its last write, however long ago that was.
                modified = datetime.fromtimestamp(facts.st_ctime, UTC)
                yield StoredObject(f"{folder}/{name}", facts.st_size, modified)

    def sweep(self, *, before: datetime) -> int:
        stale = [
            (folder, name)
            for folder, name, facts in self._files()
            if name.endswith(_PART) and is_key(f"{folder}/{name[1:].rsplit('.', 2)[0]}")
            if facts.st_ctime < before.timestamp()
        ]
        with self._passing("clean up"), self._opened_root() as root:
            for folder, name in stale:
                _remove(root, folder, name)
        return len(stale)

    def check(self) -> list[str]:
        probe = f".probe-{secrets.token_hex(8)}"
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened_root() as root:
                os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=root))
                os.unlink(probe, dir_fd=root)
        except (OSError, StorageUnavailable) as error:
            return [
                f"Recordings cannot be written to {self._root} ({_why(error)}); "
                "create it for the user that runs Sortie, or choose another SORTIE_RECORDING_STORAGE_PATH."
            ]
        return []

    @contextmanager
    def _opened_root(self) -> Iterator[int]:
        try:
            # The root itself may well be a link: where it leads is the operator's choice.
            root = os.open(self._root, _DIRECTORY & ~os.O_NOFOLLOW)
        except OSError as error:
            raise StorageUnavailable(f"The folder {self._root} cannot be opened: {_why(error)}.") from error
        try:
            yield root
        finally:
            os.close(root)

    @contextmanager
    def _made_folder(self, folder: str) -> Iterator[tuple[int, int]]:
        """Descriptors of the root and of the folder in it, both made if need be."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._opened_root() as root:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o700, dir_fd=root)
            with _directory(folder, root) as place:
                yield root, place

    def _open(self, key: str) -> BinaryIO:
        folder, name = checked(key).split("/")
        try:
            with self._opened_root() as root, _directory(folder, root) as place:
                descriptor = os.open(name, PLAIN_FILE, dir_fd=place)
        except FileNotFoundError as error:
            raise ObjectMissing(f"Nothing is stored under {key}.") from error
        except OSError as error:
            if error.errno in _NOT_PLAIN:
                raise ObjectDamaged(f"The stored object {key} is not a plain file.") from error
            raise StorageUnavailable(f"Cannot read from {self._root}: {_why(error)}.") from error
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb", buffering=0)
        os.close(descriptor)
        raise ObjectDamaged(f"The stored object {key} is not a plain file.")

    @contextmanager
    def _opened(self, key: str) -> Iterator[BinaryIO]:
        with self._open(key) as file:
            yield file

    def _files(self) -> Iterator[tuple[str, str, os.stat_result]]:
        """Folder, name and facts of every plain file one level down."""
        with self._passing("list"), self._opened_root() as root:
            for folder in _names(root):
                try:
                    with _directory(folder, root) as place:
                        found = [(name, _facts(place, name)) for name in _names(place)]
                except (FileNotFoundError, NotADirectoryError):
                    continue
                for name, facts in found:
                    if facts and stat.S_ISREG(facts.st_mode):
                        yield folder, name, facts

    @contextmanager
    def _passing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageUnavailable(f"Cannot {what} {self._root}: {_why(error)}.") from error


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


@contextmanager
def _directory(name: str, parent: int) -> Iterator[int]:
    descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _names(place: int) -> list[str]:
    with os.scandir(place) as entries:
        return [entry.name for entry in entries]


def _facts(place: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _place(file: BinaryIO, path: Path, place: int, name: str) -> None:
    """Give the open file at `path` its final name in the folder `place`, by a link or else by a whole copy."""
    try:
        os.link(path, name, dst_dir_fd=place, follow_symlinks=False)
    except FileExistsError:
        _same(file, place, name)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _copy(file, place, name)


def _copy(file: BinaryIO, place: int, name: str) -> None:
    """Copy under a hidden name, make that durable, and only then show it under its own."""
    part = f".{name}.{secrets.token_hex(4)}{_PART}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(part, flags, 0o600, dir_fd=place), "wb", buffering=0) as copy:
        try:
            file.seek(0)
            shutil.copyfileobj(file, copy, 4 * BLOCK)
            os.fsync(copy.fileno())
            if copy.tell() != os.fstat(file.fileno()).st_size:
                raise OSError(errno.EIO, "the file changed while it was copied")
            _publish(place, part, name)
        except FileExistsError:
            _same(file, place, name)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=place)


def _publish(place: int, part: str, name: str) -> None:
    """Raises FileExistsError rather than replace anything."""
    try:
        os.link(part, name, src_dir_fd=place, dst_dir_fd=place)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        # A file system without hard links (many network shares): whoever gives names in this folder takes turns.
        fcntl.flock(place, fcntl.LOCK_EX)
        if _facts(place, name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from error
        os.rename(part, name, src_dir_fd=place, dst_dir_fd=place)


def _same(file: BinaryIO, place: int, name: str) -> None:
    """Raises AlreadyStored unless the file `name` holds what `file` holds."""
    with os.fdopen(os.open(name, PLAIN_FILE, dir_fd=place), "rb", buffering=0) as stored:
        ours, theirs = os.fstat(file.fileno()), os.fstat(stored.fileno())
        if os.path.samestat(ours, theirs):
            return
        file.seek(0)
        if ours.st_size != theirs.st_size or any(
            block != stored.read(len(block)) for block in iter(lambda: file.read(BLOCK), b"")
        ):
            raise AlreadyStored(f"Another recording is stored as {name} already.")
        os.fsync(stored.fileno())


def _remove(root: int, folder: str, name: str) -> None:
    """Unlink the file, see that it is gone, and remove the folder if that was the last one."""
    try:
        with _directory(folder, root) as place:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=place)
            if _facts(place, name):
                raise OSError(errno.EBUSY, "the file is still there")
            os.fsync(place)
        os.rmdir(folder, dir_fd=root)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
