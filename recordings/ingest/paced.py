"""Bodies read in blocks as large as come in a moment."""

import time
from collections.abc import Callable

from recordings.ingest.intake import BLOCK

LEAST = 16 * 1024
MOMENT = 0.05  # seconds


class Paced:
    """Asks of `read` what its client has sent by now, more or less: waiting for a whole block of a slow one keeps
    half of one in memory for seconds, and there may be hundreds of them."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._size = LEAST

    def read(self, most: int) -> bytes:
        """Up to `most` bytes; none at the end."""
        began = time.monotonic()
        data = self._read(min(self._size, most))
        if time.monotonic() - began < MOMENT:
            self._size = min(self._size * 4, BLOCK)
        else:
            self._size = max(self._size // 4, LEAST)
        return data
