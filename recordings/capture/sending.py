"""Sending a file to the portal, piece by piece, until it is there: cut off, it goes on where the portal is."""

import random
import time

from recordings.capture import tus
from recordings.capture.parcel import Changed
from recordings.capture.portal import Refused, host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from recordings.capture.ledger import Unfinished
    from recordings.capture.parcel import Parcel
    from recordings.capture.tus import Uploads

    class Onlooker(Protocol):
        """Who is told how it goes."""

        def begin(self, name: str, size: int) -> None: ...

        def at(self, count: int) -> None: ...

        def waits(self, reason: str, seconds: float) -> None: ...

        def end(self) -> None: ...


KIBI = 1024
# A piece counts only as a whole. Lines that break often get small ones, those that do not are not kept waiting.
FIRST_PIECE, SMALLEST_PIECE, LARGEST_PIECE = 1024 * KIBI, 64 * KIBI, 4096 * KIBI
QUICK_SECONDS = 2.0
# The first time at once: most often it is a connection that was open for too long.
PAUSES_SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
MOST_BEGINNINGS = 3


class GaveUp(Exception):
    """The portal could not be reached, or did not take anything, for longer than it was worth waiting."""


class Sender:
    """Sends files. `patience`: for how many seconds to try without getting any further."""

    def __init__(self, uploads: "Uploads", onlooker: "Onlooker", *, patience: float) -> None:
        self._uploads = uploads
        self._onlooker = onlooker
        self._patience = patience
        self._piece = FIRST_PIECE
        self._largest = LARGEST_PIECE
        self._furthest = 0
        self._failures = 0
        self._moved = 0.0

    def deliver(self, parcel: "Parcel", unfinished: "Unfinished") -> str:
        """Send all of a file; returns the id of the recording, "" if the portal does not say.

        Raises Refused (with NotTaken and LoggedOut, which are not about this file), GaveUp, Changed and OSError.
        """
        self._furthest, self._failures, self._moved = -1, 0, time.monotonic()
        self._onlooker.begin(parcel.entry.session_id, parcel.size)
        try:
            self._deliver(parcel, unfinished)
        except Changed:
            self._give_up(unfinished)
            raise
        except Refused as error:
            if not isinstance(error, tus.LoggedOut | tus.NotTaken):
                self._give_up(unfinished)
            raise
        finally:
            self._onlooker.end()
        return unfinished.recording

    def _deliver(self, parcel: "Parcel", unfinished: "Unfinished") -> None:
        beginnings = 0
        while True:
            try:
                at = self._resume(parcel, unfinished) if unfinished.upload else self._begin(parcel, unfinished)
                while at < parcel.size:
                    at = self._send_piece(parcel, unfinished, at)
            except tus.Later as error:
                self._wait(error)
            except tus.Gone:
                if self._is_kept(parcel, unfinished):
                    return
                unfinished.forget()
                beginnings += 1
                if beginnings == MOST_BEGINNINGS:
                    raise Refused(f"{host(self._uploads.url)} forgets what was sent") from None
            else:
                return

    def _begin(self, parcel: "Parcel", unfinished: "Unfinished") -> int:
        self._check_wanted(parcel)
        unfinished.begun(*self._uploads.create(parcel.size, parcel.metadata()))
        self._note(0)
        return 0

    def _resume(self, parcel: "Parcel", unfinished: "Unfinished") -> int:
        at, recording = self._uploads.offset(unfinished.upload)
        if recording and recording != unfinished.recording:
            unfinished.begun(unfinished.upload, recording)
        self._note(at)
        if at == parcel.size:
            self._check_taken(unfinished)
        return at

    def _check_wanted(self, parcel: "Parcel") -> None:
        """Raises Refused before anything is begun that the portal would not take."""
        abilities = self._uploads.abilities()
        if abilities.kinds is not None and parcel.kind not in abilities.kinds:
            raise tus.NotTaken(
                f"{host(self._uploads.url)} takes no {parcel.kind} recordings",
                "they are switched off there, or it is older than this sortie",
            )
        if abilities.largest is not None and parcel.size > abilities.largest:
            raise Refused(
                f"{host(self._uploads.url)} takes no more than {abilities.largest // 1_000_000} MB, "
                f"and this is {parcel.size // 1_000_000} MB"
            )

    def _send_piece(self, parcel: "Parcel", unfinished: "Unfinished", at: int) -> int:
        piece = parcel.read(at, self._piece)
        if at + len(piece) == parcel.size:
            parcel.check()
        begun = time.monotonic()
        try:
            now_at = self._uploads.send(unfinished.upload, at, piece, lambda sent: self._onlooker.at(at + sent))
        except tus.PieceTooLarge:
            self._shrink()
            return at
        if now_at > parcel.size:
            raise Refused(f"{host(self._uploads.url)} has more than was sent")
        self._note(now_at)
        if now_at == at + len(piece) and time.monotonic() - begun < QUICK_SECONDS:
            self._piece = min(self._piece * 2, self._largest)
        return now_at

    def _shrink(self) -> None:
        """Something on the way takes no pieces of this size."""
        if self._piece <= SMALLEST_PIECE:
            raise Refused(
                f"something before {host(self._uploads.url)} takes no bodies of {SMALLEST_PIECE // KIBI} KB",
                "its proxy has to let larger ones through",
            )
        self._largest = self._piece = self._piece // 2

    def _note(self, at: int) -> None:
        """The portal has so much."""
        self._onlooker.at(at)
        if at > self._furthest:
            self._furthest = at
            self._failures = 0
            self._moved = time.monotonic()

    def _wait(self, error: tus.Later) -> None:
        """Wait before the next attempt. Raises GaveUp."""
        pause = PAUSES_SECONDS[min(self._failures, len(PAUSES_SECONDS) - 1)] * random.uniform(0.5, 1.0)  # noqa: S311
        if error.seconds is not None:
            pause = max(pause, error.seconds)
        self._failures += 1
        self._piece = max(self._piece // 2, min(SMALLEST_PIECE, self._largest))
        if time.monotonic() + pause - self._moved > self._patience:
            raise GaveUp(str(error)) from error
        if pause:
            self._onlooker.waits(str(error), pause)
            time.sleep(pause)

    def _check_taken(self, unfinished: "Unfinished") -> None:
        """All of it was there already: whether the portal could use it was told to somebody who did not hear it."""
        said = self._uploads.recording(unfinished.recording) if unfinished.recording else None
        if said is not None and said.get("status") == "failed":
            raise Refused(f"{host(self._uploads.url)} does not take it: {said.get('error') or 'it failed there'}")

    def _is_kept(self, parcel: "Parcel", unfinished: "Unfinished") -> bool:
        """Whether the upload is gone because it has long been a recording."""
        try:
            said = self._uploads.recording(unfinished.recording) if unfinished.recording else None
        except tus.Later:
            return False
        return said is not None and said.get("sha256") == parcel.sha256

    def _give_up(self, unfinished: "Unfinished") -> None:
        if unfinished.upload:
            self._uploads.drop(unfinished.upload)
        unfinished.forget()
