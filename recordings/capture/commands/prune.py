"""`sortie prune`: recordings past their time, removed."""

import time

from recordings.capture import display, home, library
from recordings.capture.arguments import Option, parser, warn
from recordings.capture.commands.delete import remove

SUMMARY = "delete recordings that are older than a number of days"
USAGE = "[options]"
DAY = 86400.0


def days(text: str) -> float:
    """Raises ValueError unless it is a number of days."""
    value = float(text)
    if not 0 <= value < 1e6:
        raise ValueError
    return value


OPTIONS = (
    Option("--days", metavar="N", type=days, default=90.0, about="how long to keep (default: 90; 0: for ever)"),
    Option("--dry-run", about="only say what would be deleted"),
)
DESCRIPTION = """\
Delete recordings that ended more than N days ago. What is being recorded is
left alone, and so is a session that takes more commands unless nothing came
for as long.
"""
EPILOG = """\
exit status:
  0; what could not be deleted is told on standard error, and the status is 1

examples:
  sortie prune --days 30 --dry-run
  @daily sortie prune        as a line of your crontab
"""


def run(arguments: list[str]) -> int:
    """Raises OSError."""
    given = parser("prune", USAGE, DESCRIPTION, OPTIONS, EPILOG).parse_args(arguments)
    if not given.days:
        return 0
    oldest = time.time() - given.days * DAY
    old = [entry for entry in library.entries(home.recordings_folder()) if is_due(entry, oldest)]
    removed = old if given.dry_run else [entry for entry in old if removes(entry)]
    size = display.size(sum(entry.size for entry in removed))
    verb = "would be deleted" if given.dry_run else "deleted"
    for entry in removed if given.dry_run else []:
        print(f"{entry.session_id}  {display.moment(entry.started or entry.modified)}  {home.shown(entry.path)}")
    print(f"{len(removed)} recording{'' if len(removed) == 1 else 's'} {verb}, {size}")
    return 0 if len(removed) == len(old) else 1


def is_due(entry: library.Entry, oldest: float) -> bool:
    """Whether it ended before `oldest`, seconds since 1970, by its sidecar or else by its last write."""
    if entry.modified >= oldest:
        # Copied or restored not long ago, perhaps: what it says of itself decides.
        library.fill(entry)
        return entry.state in (library.COMPLETE, library.INCOMPLETE) and entry.ended < oldest
    library.fill(entry)
    return entry.state != library.RECORDING and entry.ended < oldest


def removes(entry: library.Entry) -> bool:
    """Remove it; says so and gives False if that fails."""
    try:
        remove(entry)
    except OSError as error:
        warn(f"{home.shown(entry.path)}: {error.strerror}")
        return False
    return True
