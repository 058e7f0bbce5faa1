"""What a terminal showed, as lines of text with their times; a picture of it; and, of a large one, its segments.

Made after a recording is ready, by a terminal emulator in a process that can do nothing else (`sandbox`). Playing
never waits for it, and it can be made again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.db import transaction

from recordings import enrich, jobs, sandbox, segments
from recordings.enrich import Made
from recordings.ingest import staging
from recordings.media.asciicast import Cast, Header
from recordings.media.terminal import made
from recordings.models import Job, Kind, Passage, PictureKind, Recording, Status, Terminal
from recordings.search.index import put_text
from recordings.search.lines import Line, unpacked
from recordings.storage import StorageUnavailable, store_for

WALL_CLOCK = 600  # seconds


class NoTranscript(Exception):
    """It has not been made yet, or there is nothing to make it of. The text says which."""


@dataclass(frozen=True)
class Stretch:
    """The lines of some passages, and the numbers of those before and after; None where there are none."""

    lines: list[Line]
    before: int | None
    after: int | None


def run(job: Job) -> None:
    """Read the recording, keep its text and a poster. Doing it again replaces them.

    Raises:
        sandbox.NothingMade, made.Nonsense: nothing could be made of it.
        jobs.PassingFault: the store is away, the disk is full, or the recording was replaced by a longer one.
    """
    recording = Recording.objects.select_related("terminal").get(pk=job.recording_id)
    terminal = getattr(recording, "terminal", None)
    if recording.status != Status.READY or terminal is None:
        return
    arguments = (terminal.played_size, int(terminal.plain_size >= segments.WORTH_IT))
    try:
        with (
            store_for(recording.storage_backend).as_file(recording.storage_key) as file,
            sandbox.made_by("terminal", *arguments, source=file, seconds=WALL_CLOCK) as output,
        ):
            _keep(recording, output, Cast(file, end=terminal.played_size).header)
    except (StorageUnavailable, staging.DiskFull) as fault:
        raise jobs.PassingFault(str(fault)) from fault


def give_up(job: Job, error: Exception) -> None:
    """It cannot be read: what is found of it is what is written about it."""
    Terminal.objects.filter(pk=job.recording_id, text_complete=None).update(text_complete=False)


def _keep(recording: Recording, output: BinaryIO, header: Header) -> None:
    chunks: list[Sequence[Line]] = []
    parts: list[made.SegmentMade] = []
    complete = False
    for part in made.read(output):
        if isinstance(part, made.Chunk):
            chunks.append(part.lines)
        elif isinstance(part, made.SegmentMade):
            parts.append(part)
        elif isinstance(part, made.PictureMade):
            enrich.keep(recording, PictureKind.POSTER, Made(1, 1, part.width, part.height, part.data))
        elif isinstance(part, made.Summary):
            complete = part.complete
    if parts:
        segments.keep(recording, output, parts, header)
    with transaction.atomic():
        same = Recording.objects.select_for_update().filter(pk=recording.pk, storage_key=recording.storage_key)
        if not same.exists():
            raise jobs.PassingFault("The recording was replaced while it was read.")
        put_text(recording, chunks)
        Terminal.objects.filter(pk=recording.pk).update(text_complete=complete)


def stretch(recording: Recording, *, number: int | None, at_ms: int | None, passages: int) -> Stretch:
    """Lines of a transcript: of so many passages, from that with a number on, or those with a moment among them.

    Raises:
        NoTranscript: it has not been made.
    """
    check_made(recording)
    every = recording.passages.filter(number__gt=0)
    first = max(1, number or 1)
    if at_ms is not None:
        earlier = every.filter(start_ms__lte=at_ms).order_by("-number").values_list("number", flat=True)
        then = earlier.first() or 1
        first = then - (then - 1) % passages  # where a page begins that was come to from the start
    rows = list(every.filter(number__gte=first).order_by("number")[: passages + 1])
    shown = rows[:passages]
    return Stretch(
        [line for row in shown for line in unpacked(row.lines).own],
        before=max(1, first - passages) if shown and first > 1 else None,
        after=rows[passages].number if len(rows) > passages else None,
    )


def lines(recording: Recording, *, since_ms: int = 0, until_ms: int | None = None) -> Iterator[Line]:
    """All lines of a transcript, or those of a part of the time.

    Raises:
        NoTranscript: it has not been made.
    """
    check_made(recording)
    rows: Iterator[Passage] = (
        recording.passages.filter(number__gt=0, end_ms__gte=since_ms).order_by("number").iterator(chunk_size=50)
    )
    for row in rows:
        for at_ms, text in unpacked(row.lines).own:
            if until_ms is not None and at_ms > until_ms:
                return
            if at_ms >= since_ms:
                yield at_ms, text


def check_made(recording: Recording) -> None:
    """Raises NoTranscript."""
    terminal = getattr(recording, "terminal", None)
    if recording.kind != Kind.TERMINAL:
        raise NoTranscript("Only terminal recordings have a transcript.")
    if terminal is None or terminal.text_complete is None:
        raise NoTranscript("The transcript of this recording has not been made yet.")
