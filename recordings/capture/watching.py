"""Which recordings in a folder have ended, so that they can go to the portal: none that anybody still writes to."""

import fcntl
import os
import signal

from recordings.capture import library, sidecar
from recordings.capture.cast_file import is_locked
from recordings.capture.library import Entry
from recordings.capture.parcel import is_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# For what nothing tells us has ended: where the system says that nobody has it open, and where it cannot say.
QUIET_SECONDS, LONG_QUIET_SECONDS = 10.0, 600.0


def entries(folder: str, complain: "Callable[[str], None]") -> list[Entry]:
    """All recordings below `folder`, the oldest first. `complain` is told of what cannot be looked into."""

    def unreadable(error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return  # deleted just now, or nothing has been recorded yet
        complain(f"{error.filename}: {error.strerror}")

    found = []
    for above, _, names in os.walk(folder, onerror=unreadable):
        for name in names:
            path = os.path.join(above, name)
            base = library.without_suffix(path)
            if not base or os.path.islink(path):
                continue
            try:
                found.append(Entry(path, base))
            except FileNotFoundError:
                continue  # deleted just now
    return sorted(found, key=lambda entry: entry.modified)


def has_ended(entry: Entry, now: float) -> bool:
    """Whether nobody will write to it any more, as far as can be known. `now`: seconds since 1970. Raises OSError.

    Our own recorder holds a lock until all is written. Others hold none: there the system is asked who has the file
    open, and a while must have passed since anybody touched it.
    """
    if is_locked(entry.path) or is_open(entry):
        return False
    opened = is_open_for_writing(entry.path)
    if opened:
        return False
    if os.path.exists(entry.base + sidecar.SUFFIX):
        return True
    status = os.stat(entry.path)
    # A copy keeps the time of its original's last write; that of its own making is the other.
    quiet = now - max(status.st_mtime, status.st_ctime)
    return quiet >= (LONG_QUIET_SECONDS if opened is None else QUIET_SECONDS)


def is_open_for_writing(path: str) -> bool | None:
    """Whether any process has a file open for writing; None if the system does not say. Raises OSError.

    Linux says so by refusing a lease (fcntl(2), F_SETLEASE) to the file's owner, on local file systems.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    # Whoever opens the file while we hold the lease makes the kernel send us this.
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(fd)
        signal.signal(signal.SIGIO, before)
    return False
