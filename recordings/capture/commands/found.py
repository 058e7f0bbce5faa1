"""What the commands that work on one recording have in common: finding it."""

from recordings.capture import library
from recordings.capture.arguments import Failure

NOT_FOUND = 3


def recording(text: str) -> library.Entry:
    """The recording with this ID, the beginning of one, or this path. Raises Failure."""
    try:
        return library.find(text)
    except library.NotFound as error:
        raise Failure(str(error), status=NOT_FOUND) from error
    except library.Ambiguous as error:
        raise Failure(str(error), hint="give one more character") from error
