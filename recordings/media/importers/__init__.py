"""Recordings that other programs made, as asciicasts: what is there, who and when it was, and its events.

`find` looks through folders, `read` opens one recording. What is a cast already comes as it is; `script`, ttyrec,
tlog and sudo's logs are converted while they are read, in bounded memory.
"""

from recordings.media.importers.finding import NotRecognised, find, read
from recordings.media.importers.imported import DamagedLog, Imported, Source

__all__ = ["DamagedLog", "Imported", "NotRecognised", "Source", "find", "read"]
