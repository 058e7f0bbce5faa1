"""What tells the kinds of recording apart on their way in: how their files begin, and how they are put away."""

from django.conf import settings

from recordings.ingest.plans import Plan
from recordings.ingest.staging import Whole
from recordings.ingest.terminal import TerminalPlan
from recordings.ingest.video import VideoPlan
from recordings.media import sniff
from recordings.media.asciicast import check_is_cast, looks_like_cast
from recordings.media.errors import MediaError
from recordings.media.limits import CastLimits
from recordings.media.sniff import SNIFF_BYTES
from recordings.models import Kind, Upload

MB = 1024 * 1024
# Reading a cast event by event takes a second or more for each ten megabytes, of a web process that has others to
# answer; a WebM file of any size is measured by its headers alone.
LARGEST_READ_AT_ONCE = 4 * MB
# Of processor time: compressed, a cast may be a hundred times as long as it looks.
LONGEST_READ_AT_ONCE = 3.0  # seconds


class SwitchedOff(Exception):
    """Recordings of this kind are not taken here."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"{kind.label} recordings are switched off here.")


def taken() -> list[Kind]:
    """The kinds that are switched on."""
    on = {
        Kind.VIDEO: settings.SORTIE_VIDEO_RECORDING_ENABLED,
        Kind.TERMINAL: settings.SORTIE_TERMINAL_RECORDING_ENABLED,
    }
    return [kind for kind, is_on in on.items() if is_on]


def check_taken(kind: Kind) -> None:
    """Raises SwitchedOff."""
    if kind not in taken():
        raise SwitchedOff(kind)


def begins_well(kind: Kind, first: bytes) -> bool | None:
    """Whether a file that begins with `first` may be a recording of `kind`; None while more bytes are needed."""
    first = first[:SNIFF_BYTES]
    return looks_like_cast(first) if kind == Kind.TERMINAL else sniff.looks_like_webm(first)


def why_not(kind: Kind, first: bytes) -> MediaError:
    """The error for a file that begins with `first` and is none of `kind`."""
    first = first[:SNIFF_BYTES]
    if kind == Kind.VIDEO:
        return sniff.why_not_webm(first)
    try:
        check_is_cast(first)
    except MediaError as error:
        return error
    raise ValueError("this may be a terminal recording")


def plan(upload: Upload, whole: Whole, *, at_once: bool = False) -> Plan:
    """How to put an upload away; `at_once`, while a client waits for it. Raises MediaError, TookTooLong."""
    if upload.recording.kind == Kind.TERMINAL:
        limits = CastLimits(seconds=LONGEST_READ_AT_ONCE) if at_once else CastLimits()
        return TerminalPlan(upload, whole, limits)
    return VideoPlan(whole)


def is_quick(kind: Kind, length: int) -> bool:
    """Whether an upload of `length` bytes can be put away while its client waits for the answer."""
    return kind == Kind.VIDEO or length <= LARGEST_READ_AT_ONCE
