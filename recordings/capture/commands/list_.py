"""`sortie list`: the recordings on this machine."""

import json
import sys

from recordings.capture import display, home, library
from recordings.capture.arguments import Option, parser, warn

SUMMARY = "list the recordings on this machine, newest first"
USAGE = "[options]"


def count(text: str) -> int:
    """Raises ValueError unless it is a number of things."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


OPTIONS = (
    Option("-n", "--limit", metavar="N", type=count, about="only the newest N"),
    Option("--json", about="as a JSON array, for programs"),
    Option("--ids", about="only the IDs, one a line"),
)
DESCRIPTION = """\
List the recordings under ~/.sortie/recordings, newest first: ID, host, user,
when it began, commands, duration, size.

A recording that is still being made is marked `recording`, a session that
takes more commands `open`, and one whose recorder was killed `incomplete`;
what was recorded until then is there and can be replayed.
"""
EPILOG = """\
environment:
  SORTIE_HOME   where recordings are kept (default: ~/.sortie)
  NO_COLOR      set: no colours

exit status:
  0; what cannot be read is told on standard error and passed over
"""
HEAD = ("SESSION", "HOST", "USER", "STARTED", "COMMANDS", "DURATION", "SIZE", "")
RIGHT = (4, 5, 6)


def run(arguments: list[str]) -> int:
    """Raises OSError."""
    given = parser("list", USAGE, DESCRIPTION, OPTIONS, EPILOG).parse_args(arguments)
    found = sorted(library.entries(home.recordings_folder()), key=lambda entry: entry.modified, reverse=True)
    # The last write is the end: exact enough to leave out what will not be shown, before looking into files.
    entries = filled(found if given.limit is None else found[: given.limit])
    if given.ids:
        print("".join(f"{entry.session_id}\n" for entry in entries), end="")
    elif given.json:
        print(json.dumps([entry.as_json() for entry in entries], indent=1, ensure_ascii=False))
    elif entries:
        display.table(HEAD, [row(entry) for entry in entries], RIGHT, sys.stdout)
    elif sys.stdout.isatty():
        print("No recordings yet. `sortie rec` makes the first.")
    return 0


def filled(found: list[library.Entry]) -> list[library.Entry]:
    """The recordings with all there is to know of them, newest first."""
    for entry in found:
        warning = library.fill(entry)
        if warning:
            warn(warning)
    return sorted(found, key=lambda entry: entry.started or entry.modified, reverse=True)


def row(entry: library.Entry) -> tuple[str, ...]:
    """One line of the table. Anybody may have written these files: what could steer a terminal is made visible."""
    from recordings.capture.presentation import visible

    notes = [entry.state] if entry.state != library.COMPLETE else []
    return (
        visible(entry.session_id),
        visible(entry.host or "-"),
        visible(entry.user or "-"),
        display.moment(entry.started if entry.started is not None else entry.modified),
        "-" if entry.commands is None else str(entry.commands),
        "-" if entry.duration is None else display.duration(entry.duration),
        display.size(entry.size),
        ", ".join([*notes, *(["truncated"] if entry.truncated else [])]),
    )
