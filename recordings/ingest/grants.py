"""Who may send to which upload: looked up, and believed for five seconds at most.

A live capture sends a piece a second, a fast client hundreds; looking up token, user, recording and limits for each
costs three quarters of the rate. A look is remembered in the process for the credential it was made with, so a
stolen address is worth nothing and what an admin takes away is gone within five seconds.
"""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recordings.models import Kind

BELIEVED_FOR = 5.0
_SPREAD = 0.5  # of it is the least: looks at those who began together drift apart
MOST = 4096


@dataclass(frozen=True)
class Grant:
    """What a caller may do with an upload: append to it up to `most` bytes.

    length: bytes announced in all, None while they are not known.
    """

    upload_id: UUID
    recording_id: UUID
    sender_id: UUID | None
    room: int
    length: int | None
    most: int
    live: bool
    kind: Kind
    expires_at: datetime | None


_Key = tuple[UUID, str]


class Grants:
    """A bounded memory of looks, shared by the threads of a process."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._seen: OrderedDict[_Key, tuple[float, Grant]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, upload_id: UUID, credential: str, look: Callable[[], Grant]) -> Grant:
        """The grant of `credential`, from memory or by `look`, whose exceptions pass through."""
        key = (upload_id, credential)
        now = self._clock()
        with self._lock:
            known = self._seen.get(key)
        if known and now < known[0]:
            return known[1]
        grant = look()
        with self._lock:
            self._seen[key] = (now + BELIEVED_FOR * self._chance(_SPREAD, 1), grant)
            self._seen.move_to_end(key)
            while len(self._seen) > MOST:
                self._seen.popitem(last=False)
        return grant

    def forget(self, upload_id: UUID) -> None:
        """Look again at whoever sends to this upload next."""
        with self._lock:
            for key in [key for key in self._seen if key[0] == upload_id]:
                del self._seen[key]
