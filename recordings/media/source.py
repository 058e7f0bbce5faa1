"""Read a media file by position: small windows, never the whole, never a mapping.

`pread` keeps the memory of the process at one window and cannot be killed by a file that shrinks, which a
memory mapping can (SIGBUS); it costs as much as copying the file once. Each call lets go of the interpreter lock:
with windows of 64 KiB, eight scans at once spend a tenth of their time on getting it back.
"""

import os
import time
from typing import BinaryIO

from recordings.media.errors import Damaged, TookTooLong

WINDOW = 256 * 1024
MARGIN = 32  # zero bytes after the end of the file, so that a header can be read without asking what is left


class Source:
    """The bytes `start` to `end` of an open file; offsets are those of the file.

    file: an open file with a descriptor; its position is neither used nor moved.
    seconds: of this thread's processor time, after which `window` raises `TookTooLong`.
    """

    def __init__(self, file: BinaryIO, start: int, end: int, *, seconds: float) -> None:
        self._fd = file.fileno()
        self._seconds = seconds
        self._deadline = time.thread_time() + seconds
        self.start = start
        self.end = end

    def window(self, at: int, size: int = WINDOW) -> bytes:
        """Up to `size` bytes from `at` on, and `MARGIN` zeros after them where the file ends."""
        if time.thread_time() > self._deadline:
            raise TookTooLong(f"Reading the recording took more than {self._seconds:g} seconds of processor time.")
        wanted = max(0, min(size, self.end - at))
        data = os.pread(self._fd, wanted, at)
        return data if len(data) == wanted and at + wanted < self.end else data + bytes(MARGIN)

    def read(self, at: int, size: int) -> bytes:
        """Exactly `size` bytes; `Damaged` if the file ends before."""
        data = os.pread(self._fd, max(0, min(size, self.end - at)), at)
        if len(data) < size:
            raise Damaged("The recording breaks off inside its header, before the first frame.")
        return data
