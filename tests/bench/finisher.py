"""Puts recordings away in a process of its own (`child`), with the portal's own code and a database of its own.

`python -m tests.bench.finisher FILE`, in the environment of a portal. Asked for `finish` or `read`, with `cold` or
not, it answers with the seconds that took: `finish` from sealed bytes in staging to a ready recording, `read` one
pass over the stored file in blocks of 256 KiB. Cold: the file is on disk, and the kernel has forgotten its pages.
"""

import hashlib
import os
import sys
import time
from pathlib import Path
from uuid import uuid4

import django
from django.conf import settings

from tests.bench.child import Answer, answer

django.setup()

from recordings import storage  # noqa: E402  (settings first)
from recordings.audit import Actor  # noqa: E402
from recordings.ingest import simple, staging, start  # noqa: E402
from recordings.ingest.intake import Arrived  # noqa: E402
from recordings.models import Recording, Status, User  # noqa: E402

BLOCK = 256 * 1024


class Finisher:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._by = Actor(User.objects.get())
        with file.open("rb") as content:
            self._sha256 = hashlib.file_digest(content, "sha256").hexdigest()

    def respond(self, question: Answer) -> Answer:
        recording, arrived = self._staged()
        staged = settings.SORTIE_DATA / "staging" / f"{arrived.upload_id}.part"
        if question["what"] == "read":
            return {"seconds": _timed_read(staged, cold=question["cold"]), "removed": _remove(staged)}
        _prepare(staged, cold=question["cold"])
        began = time.perf_counter()
        done = simple.complete(recording, arrived, self._by)
        seconds = time.perf_counter() - began
        if done.status != Status.READY:
            raise RuntimeError(f"the recording is {done.status}: {done.error}")
        storage.store_for(done.storage_backend).delete([done.storage_key])
        return {"seconds": seconds}

    def _staged(self) -> tuple[Recording, Arrived]:
        """A recording whose upload has just arrived."""
        assert self._by.user is not None
        session = start.open_session(owner=self._by.user, by=self._by, app_id="bench")
        recording = start.stop(start.start(session, self._by), self._by)
        length = self._file.stat().st_size
        upload_id, room, place = uuid4(), staging.room_for(length), staging.current()
        place.create(upload_id, room=room, expected=length)
        with place.appender(upload_id, room=room, at=0) as staged, self._file.open("rb") as content:
            while block := content.read(BLOCK):
                staged.write(block)
            staged.sync()
        return recording, Arrived(upload_id, room, length, self._sha256)


def _prepare(path: Path, *, cold: bool) -> None:
    """Have the kernel forget the file's pages, or know them all."""
    with path.open("rb", buffering=0) as file:
        if cold:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        else:
            _read(file.fileno())


def _timed_read(path: Path, *, cold: bool) -> float:
    _prepare(path, cold=cold)
    with path.open("rb", buffering=0) as file:
        began = time.perf_counter()
        _read(file.fileno())
        return time.perf_counter() - began


def _read(descriptor: int) -> None:
    into = bytearray(BLOCK)
    while os.readv(descriptor, [into]):
        pass


def _remove(path: Path) -> bool:
    path.unlink()
    return True


if __name__ == "__main__":
    answer(Finisher(Path(sys.argv[1])).respond)
