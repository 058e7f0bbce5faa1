"""What was to be seen at one moment of a recording: a picture, and of a terminal its text too.

It is made anew for whoever asks, by a process that can do nothing else (`sandbox`), and by few at a time.
"""

from dataclasses import dataclass
from threading import BoundedSemaphore

from recordings import audit, enrich, sandbox
from recordings.audit import Actor
from recordings.media.terminal import made
from recordings.models import Action, Kind, Recording
from recordings.storage import store_for

AT_ONCE = 2
PATIENCE = 30  # seconds until it is somebody's turn
WALL_CLOCK = 60  # seconds

_turns = BoundedSemaphore(AT_ONCE)


class NoScreen(Exception):
    """There is nothing to show of this moment. The text says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture, and the lines that a terminal showed."""

    width: int
    height: int
    picture: bytes
    content_type: str
    lines: tuple[str, ...] = ()


def seen_at(recording: Recording, by: Actor, *, at_ms: int) -> Seen:
    """What a ready recording showed `at_ms` milliseconds after its start.

    Raises:
        NoScreen: nothing, or nothing yet as too many ask.
        storage.ObjectMissing, storage.StorageUnavailable: the bytes cannot be had.
    """
    if recording.duration_ms is not None and at_ms > recording.duration_ms:
        raise NoScreen(f"The recording ends after {recording.duration_ms / 1000:g} seconds.")
    if not _turns.acquire(timeout=PATIENCE):
        raise NoScreen("Too many pictures are being made at present. Try again in a minute.")
    try:
        seen = _terminal(recording, at_ms) if recording.kind == Kind.TERMINAL else _video(recording, at_ms)
    except (sandbox.NothingMade, made.Nonsense, enrich.NoPictures) as error:
        raise NoScreen("No picture can be made of this moment of the recording.") from error
    finally:
        _turns.release()
    audit.record_access(Action.VIEW, by, recording, from_start=True)
    return seen


def _terminal(recording: Recording, at_ms: int) -> Seen:
    played = recording.terminal.played_size
    with (
        store_for(recording.storage_backend).as_file(recording.storage_key) as file,
        sandbox.made_by("screenshot", at_ms * 1000, played, source=file, seconds=WALL_CLOCK) as output,
    ):
        screen = made.read_screenshot(output)
    shown = screen.picture
    return Seen(shown.width, shown.height, shown.data, "image/png", screen.lines)


def _video(recording: Recording, at_ms: int) -> Seen:
    with (
        store_for(recording.storage_backend).as_file(recording.storage_key) as file,
        sandbox.made_by("frame", at_ms, source=file, seconds=WALL_CLOCK) as output,
    ):
        found = list(enrich.read_pictures(output.read()))
    if len(found) != 1:
        raise NoScreen("No picture can be made of this moment of the recording.")
    [shown] = found
    return Seen(shown.width, shown.height, shown.jpeg, "image/jpeg")
