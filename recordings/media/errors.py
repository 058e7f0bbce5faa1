"""What may be wrong with a media file, said in one sentence to the person who sent it.

The message of each error names what is wrong and, where something can be done, what to do. It never quotes
the file, so it is safe to show and to log.
"""


class MediaError(ValueError):
    """The file cannot be taken as a recording."""


class WebmError(MediaError):
    """The file cannot be taken as a WebM recording."""


class NotWebm(WebmError):
    """Another format, or a kind of WebM that browsers do not write and we do not serve."""


class Damaged(WebmError):
    """It starts as WebM, but nothing playable can be got out of it."""


class BeyondLimits(WebmError):
    """Well formed, but larger in some measure than `Limits` allows."""


class TookTooLong(Exception):
    """Reading took more processor time than the limits give it. It may be no fault of the file."""


class CastError(MediaError):
    """The file cannot be taken as a terminal recording."""


class NotCast(CastError):
    """Another format, or a version of asciicast that nobody has heard of."""


class DamagedCast(CastError):
    """An asciicast of which some line is wrong, not merely missing. `line` is its number, where it has one."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class CastBeyondLimits(CastError):
    """Well formed, but larger in some measure than `CastLimits` allows."""
