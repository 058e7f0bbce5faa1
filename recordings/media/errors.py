"""What may be wrong with a media file, said in one sentence to the person who sent it.

The message of each error names what is wrong and, where something can be done, what to do. It never quotes
the file, so it is safe to show and to log.
"""


class WebmError(ValueError):
    """The file cannot be taken as a WebM recording."""


class NotWebm(WebmError):
    """Another format, or a kind of WebM that browsers do not write and we do not serve."""


class Damaged(WebmError):
    """It starts as WebM, but nothing playable can be got out of it."""


class BeyondLimits(WebmError):
    """Well formed, but larger in some measure than `Limits` allows."""


class TookTooLong(Exception):
    """Reading took more processor time than `Limits` gives it. It may be no fault of the file."""
