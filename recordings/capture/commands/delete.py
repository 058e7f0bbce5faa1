"""`sortie delete`: a recording and what lies beside it, removed."""

import argparse
import os
import sys

from recordings.capture import display, library
from recordings.capture.arguments import Failure, Option, parser
from recordings.capture.cast_file import is_locked
from recordings.capture.commands import found

SUMMARY = "delete a recording"
USAGE = "[options] ID ..."
OPTIONS = (Option("-y", "--yes", about="do not ask"),)
DESCRIPTION = """\
Delete recordings from this machine, after asking. A recording that is being
made is not deleted. What was sent to the portal stays there.
"""
EPILOG = """\
exit status:
  0; 1 if the answer is no, if it is being recorded, or if nobody can be asked;
  3 if there is no such recording
"""


def run(arguments: list[str]) -> int:
    """Raises Failure and OSError."""
    made = parser("delete", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    made.add_argument("ids", metavar="ID", nargs="+", help=argparse.SUPPRESS)
    given = made.parse_args(arguments)
    entries = [found.recording(text) for text in given.ids]
    for entry in entries:
        if is_locked(entry.path):
            raise Failure(f"{entry.session_id} is being recorded", hint="end the session first")
    if not given.yes and not confirmed(entries):
        return 1
    for entry in entries:
        remove(entry)
    return 0


def confirmed(entries: list[library.Entry]) -> bool:
    """Whether the user says so. Raises Failure if there is nobody to ask."""
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise Failure(
            "this deletes for good, and there is no terminal to ask on", hint="--yes deletes without asking"
        )
    for entry in entries:
        library.fill(entry)
        length = "" if entry.duration is None else f", {display.duration(entry.duration)}"
        print(f"{entry.session_id}  {display.moment(entry.started or entry.modified)}{length}", file=sys.stderr)
    count = f"these {len(entries)} recordings" if len(entries) > 1 else "this recording"
    print(f"Delete {count}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def remove(entry: library.Entry) -> None:
    """Remove a recording, what lies beside it first: nothing is left that belongs to nothing. Raises OSError."""
    for path in [*entry.sidecars, entry.path]:
        os.unlink(path)
