"""The file a recording is written to: new, private, locked while it is written, and whole lines at any time."""

import fcntl
import os
import zlib

# macOS has no fdatasync.
SYNC = getattr(os, "fdatasync", os.fsync)
GZIP = 31  # wbits: deflate with a gzip header and trailer


class CastFile:
    """A plain `.cast`. Methods may raise OSError; the file then still ends with a whole line."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size

    @classmethod
    def create(cls, path: str) -> "CastFile":
        """Raises FileExistsError rather than write to a file, or through a link, that is there already."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        return cls(locked(fd))

    def write(self, lines: bytes) -> None:
        """Whole lines; all of them or none."""
        try:
            self._write_out(lines)
        except OSError:
            os.ftruncate(self._fd, self.size)
            raise

    def flush(self) -> None:
        """Make what was written readable by others, which it is at once here."""

    def sync(self) -> None:
        """Put what was written on the disk itself."""
        SYNC(self._fd)

    def finish(self) -> None:
        """Write what the format has at its end: nothing here."""

    def close(self) -> None:
        """Give up the file and its lock."""
        os.close(self._fd)

    def _write_out(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        self.size += len(data)


class GzipCastFile(CastFile):
    """A `.cast.gz`. What was flushed can be read even if the end never comes."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, GZIP)
        os.lseek(fd, 0, os.SEEK_END)

    def write(self, lines: bytes) -> None:
        """Whole lines, into the compressor; `flush` makes them readable."""
        self._put(self._deflate.compress(lines))

    def flush(self) -> None:
        """End the block: a reader that gets this far has every line so far."""
        self._put(self._deflate.flush(zlib.Z_SYNC_FLUSH))

    def finish(self) -> None:
        """End the gzip member."""
        self._put(self._deflate.flush(zlib.Z_FINISH))

    def _put(self, data: bytes) -> None:
        super().write(data)


def locked(fd: int) -> int:
    """`fd`, with the lock that says "being written". Raises BlockingIOError if another process has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise
    except OSError:
        # A file system without locks: recording matters more than telling others of it.
        return fd
    return fd


def is_locked(path: str) -> bool:
    """Whether a recorder is writing this file."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False
