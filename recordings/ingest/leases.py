"""Which clients have been heard of while they upload, written down for many of them at a time.

Hundreds of captures may send a piece each second. That their clients are alive need be known every few seconds
only, but each time it is a transaction that the disk has to sync. So what is heard while one is being written waits
for the next, which whoever is writing takes care of: nobody else is held up.
"""

import logging
import random
import threading
import time
from collections import OrderedDict
from uuid import UUID

from django.db import Error

from recordings import connections
from recordings.ingest import resumable
from recordings.ingest.grants import Grant

logger = logging.getLogger(__name__)

EVERY = 10.0  # seconds
MOST = 4096


class Leases:
    """Of uploads under way, shared by the threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: dict[UUID, Grant] = {}
        self._is_written = False
        self._until: OrderedDict[UUID, float] = OrderedDict()  # when what was written has to be written again

    def heard(self, grant: Grant) -> None:
        """The client that sends to this upload is alive. Bytes that are safe stay so where that cannot be noted."""
        with self._lock:
            now = time.monotonic()
            if now < self._until.get(grant.upload_id, now):
                return
            self._heard[grant.upload_id] = grant
            if self._is_written:
                return
            self._is_written = True
        try:
            while some := self._taken():
                resumable.touch(some)
                self._note(some)
        except BaseException as error:
            self._is_written = False
            if not isinstance(error, Error):
                raise
            logger.warning("Uploads go on without their leases being extended: %s", error)
        finally:
            connections.give_back()

    def _taken(self) -> list[Grant]:
        """What is to be written now. If that is nothing, whoever comes next writes again."""
        with self._lock:
            some = list(self._heard.values())
            self._heard.clear()
            if not some:
                self._is_written = False
            return some

    def _note(self, some: list[Grant]) -> None:
        now = time.monotonic()
        with self._lock:
            for grant in some:
                most = min(EVERY, resumable.grace(live=grant.live).total_seconds() / 4)
                # Those who began together drift apart.
                self._until[grant.upload_id] = now + most * random.uniform(0.5, 1)  # noqa: S311  (no secret)
            while len(self._until) > MOST:
                self._until.popitem(last=False)
