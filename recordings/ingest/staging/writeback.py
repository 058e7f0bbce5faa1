"""Start writing an appended file to disk while more of it arrives, so that the sync at the end waits for little.

`sync_file_range` is Linux's and matters for speed alone; elsewhere, and where a file system does not take it, the
file is written as any other.
"""

import ctypes
from collections.abc import Callable

PIECE = 8 * 1024 * 1024  # sent to the disk at once; a shorter file is left to the final sync
_START_WRITING = 0x02  # SYNC_FILE_RANGE_WRITE


def _from_libc() -> Callable[..., int] | None:
    try:
        function = ctypes.CDLL(None, use_errno=True)["sync_file_range"]
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong, ctypes.c_uint)
    return function


_sync_file_range = _from_libc()


class Writeback:
    """Goes along with one file that grows from offset `start`."""

    def __init__(self, descriptor: int, start: int) -> None:
        self._descriptor = descriptor
        self._sent = start

    def reached(self, end: int) -> None:
        """The file has bytes up to offset `end`."""
        waiting = end - self._sent
        if _sync_file_range is not None and waiting >= PIECE:
            # Whether it worked is for the sync at the end to say.
            _sync_file_range(self._descriptor, self._sent, waiting, _START_WRITING)
            self._sent = end
