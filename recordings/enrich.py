"""What is made of a recording after it is ready: poster and storyboard.

Playing never waits for it. The decoder runs in a process that can do nothing else (`recordings.sandbox`), and what
it says is read with bounds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from recordings import derived, jobs, sandbox
from recordings.ingest import staging
from recordings.media import pictures, storyboard
from recordings.models import Job, JobKind, Kind, Picture, PictureKind, Recording, Status
from recordings.storage import StorageUnavailable, store_for

WALL_CLOCK_SECONDS = 180
MOST_SIDE = 4096
JPEG = b"\xff\xd8\xff"


class NoPictures(Exception):
    """The decoder could not make any, or what it said makes no sense."""


@dataclass(frozen=True)
class Made:
    """One JPEG from the decoder, as the header before it describes it."""

    columns: int
    tiles: int
    width: int
    height: int
    jpeg: bytes


def order(recording: Recording) -> None:
    """Have made, or made again, what a ready recording gets: pictures, and of a terminal its text."""
    if recording.status == Status.READY:
        jobs.enqueue(JobKind.TEXT if recording.kind == Kind.TERMINAL else JobKind.PICTURES, recording)


def run(job: Job) -> None:
    """Make poster and storyboard. Doing it again replaces them.

    Raises:
        NoPictures: there are none to be made.
        jobs.PassingFault: the store is away, the disk is full, or the recording was replaced by a longer one.
    """
    recording = Recording.objects.get(pk=job.recording_id)
    if recording.status != Status.READY or recording.width is None:
        return
    try:
        with store_for(recording.storage_backend).as_file(recording.storage_key) as file:
            poster, sheet = _read(_decode(file, recording.duration_ms or 0))
        keep(recording, PictureKind.POSTER, poster)
        keep(recording, PictureKind.STORYBOARD, sheet)
    except (StorageUnavailable, staging.DiskFull) as fault:
        raise jobs.PassingFault(str(fault)) from fault
    if not Recording.objects.filter(pk=recording.pk, storage_key=recording.storage_key).exists():
        raise jobs.PassingFault("The recording was replaced while its pictures were made.")


def _decode(file: BinaryIO, duration_ms: int) -> bytes:
    """What the decoder writes."""
    try:
        with sandbox.made_by("pictures", duration_ms, source=file, seconds=WALL_CLOCK_SECONDS) as output:
            return output.read()
    except sandbox.NothingMade as error:
        raise NoPictures(str(error)) from error


def _read(output: bytes) -> tuple[Made, Made]:
    found = list(read_pictures(output))
    if len(found) != 2:
        raise NoPictures(f"The decoder made {len(found)} pictures instead of two.")
    return found[0], found[1]


def read_pictures(output: bytes) -> Iterator[Made]:
    """The pictures in what `media.pictures` or `media.frame` wrote. Raises NoPictures if it is something else."""
    at = 0
    while at + pictures.HEADER.size <= len(output):
        columns, tiles, width, height, length = pictures.HEADER.unpack_from(output, at)
        at += pictures.HEADER.size
        made = Made(columns, tiles, width, height, output[at : at + length])
        at += length
        sensible = (
            0 < columns <= tiles <= pictures.MOST_TILES and 0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE
        )
        if not sensible or len(made.jpeg) != length or not made.jpeg.startswith(JPEG):
            raise NoPictures("The decoder wrote something that is no picture.")
        yield made


def keep(recording: Recording, kind: PictureKind, made: Made) -> None:
    """Store a picture in the place of the one before. Raises what `derived.keep` does."""

    def write(file: BinaryIO) -> dict[str, int]:
        file.write(made.jpeg)
        return {
            "tiles": made.tiles,
            "columns": made.columns,
            "tile_width": made.width,
            "tile_height": made.height,
        }

    derived.keep(recording, Picture, write, suffix="jpg", kind=kind)


def picture(recording: Recording, kind: PictureKind) -> bytes:
    """A JPEG made of the recording.

    Raises:
        NoPictures: there is none, or not yet.
        storage.ObjectMissing, storage.StorageUnavailable: what `open_range` does.
    """
    made = recording.pictures.filter(kind=kind).first()
    if made is None:
        raise NoPictures(f"There is no {kind} of this recording.")
    with store_for(made.storage_backend).open_range(made.storage_key, 0, made.size) as blocks:
        return b"".join(blocks)


def storyboard_track(recording: Recording, *, address: str) -> str | None:
    """The WebVTT file of a recording's storyboard, whose picture is at `address`; None if it has none."""
    sheet = recording.pictures.filter(kind=PictureKind.STORYBOARD).first()
    if sheet is None or recording.duration_ms is None:
        return None
    layout = storyboard.Sheet(sheet.tiles, sheet.columns, sheet.tile_width, sheet.tile_height)
    return storyboard.cues(layout, duration_ms=recording.duration_ms, address=address)
