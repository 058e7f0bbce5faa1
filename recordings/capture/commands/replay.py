"""`sortie replay`: a recording played in the terminal."""

import argparse
import math

from recordings.capture.arguments import Failure, Option, parser, seconds
from recordings.capture.commands import found
from recordings.capture.reading import Cast, Unreadable
from recordings.capture.replay import Player, scheduled

SUMMARY = "play a recording in the terminal"
USAGE = "[options] ID"


def speed(text: str) -> float:
    """Raises ValueError unless it is a factor: 0 or more."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError
    return value


OPTIONS = (
    Option(
        "-s", "--speed", metavar="N", type=speed, default=1.0, about="N times as fast; 0: all at once (default: 1)"
    ),
    Option("-i", "--idle-limit", metavar="S", type=seconds, about="shorten pauses to S seconds"),
)
DESCRIPTION = """\
Play a recording on its own schedule. ID may be the beginning of one, as long
as it is the only one that begins so, or a file.

Keys: space pauses and goes on, `.` goes on by one event while paused, Ctrl-C
ends.

Only what draws reaches your terminal: queries, titles, the clipboard and the
like that are in a recording are left out, and the terminal is afterwards as it
was.
"""
EPILOG = """\
exit status:
  0; 130 after Ctrl-C; 3 if there is no such recording

examples:
  sortie replay 7f3a
  sortie replay --speed 5 --idle-limit 1 7f3a
  sortie replay -s 0 7f3a | less -R
"""


def run(arguments: list[str]) -> int:
    """Raises Failure, KeyboardInterrupt and OSError."""
    made = parser("replay", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    made.add_argument("id", metavar="ID", help=argparse.SUPPRESS)
    given = made.parse_args(arguments)
    entry = found.recording(given.id)
    with open(entry.path, "rb") as file:
        try:
            cast = Cast(file)
            own_limit = cast.header.get("idle_time_limit")
            limit = given.idle_limit or (float(own_limit) if isinstance(own_limit, int | float) else None)
            Player().play(scheduled(cast.events(), given.speed, limit))
        except Unreadable as error:
            raise Failure(f"{given.id}: {error}") from error
    return 0
