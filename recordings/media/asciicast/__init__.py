"""Terminal recordings as asciicast, versions 1, 2 and 3: read and checked, measured, kept and written.

`scan` measures an upload, `kept.keep` writes the object it is stored as, `Cast` reads any of them event by event,
`version_2` and `version_3` write. https://docs.asciinema.org/manual/asciicast/v2/
"""

from recordings.media.asciicast.header import About, Header, Theme
from recordings.media.asciicast.idle import Idle, PlayedTimes
from recordings.media.asciicast.kept import Kept, keep, unpacked, version_2_of
from recordings.media.asciicast.reading import Cast, Event
from recordings.media.asciicast.scan import CastScan, Marker, scan
from recordings.media.asciicast.sniff import check_is_cast, looks_like_cast
from recordings.media.asciicast.writing import events_of, version_2, version_3, without_input

__all__ = [
    "About",
    "Cast",
    "CastScan",
    "Event",
    "Header",
    "Idle",
    "Kept",
    "Marker",
    "PlayedTimes",
    "Theme",
    "check_is_cast",
    "events_of",
    "keep",
    "looks_like_cast",
    "scan",
    "unpacked",
    "version_2",
    "version_2_of",
    "version_3",
    "without_input",
]
