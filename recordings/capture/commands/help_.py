"""`sortie help`: the overview."""

import sys

from recordings.capture import VERSION, cli, display

SUMMARY = "show this, or the page of a command"
OPTIONS = ()
OVERVIEW = """\
usage: sortie COMMAND [options]

Records terminals: shells, ssh sessions and single commands, as asciicast files,
without being in the way.
"""
CLOSING = """\
`sortie help COMMAND` shows the page of one. An ID may be shortened as long as
no other begins so.

environment:
  SORTIE_NO_RECORD   set (and not 0 or false): run commands without recording
  SORTIE_HOME        where recordings and the token are (default: ~/.sortie)
  SORTIE_SESSION     set in a recorded command: the ID of its recording
  NO_COLOR           set: no colours

files:
  ~/.sortie/recordings/YYYY-MM-DD/NAME_YYYYmmdd-HHMMSS_ID.cast
      what `rec`, `ssh` and `shell` recorded
  ~/.sortie/recordings/ID.cast.gz
      what `exec` recorded
  ID.meta.json
      beside each: who, where, when, how much
  ~/.sortie/portal.json
      what `login` keeps
  ~/.sortie/uploads/
      what `upload` and `watch` have sent, and what is to go on

exit status:
  that of the command that was run, where one was; else 0, 1 if it failed, 2 for
  wrong usage, 3 if there is no such recording, 4 if the portal cannot be reached,
  130 after Ctrl-C
"""


def run(arguments: list[str]) -> int:
    """Raises Failure."""
    if arguments:
        return cli.dispatch([arguments[0], "--help"])
    print(OVERVIEW)
    print(display.bold("commands:", sys.stdout))
    for name in cli.COMMANDS:
        print(f"  {name:<11} {cli.module(name).SUMMARY}")
    print(f"\n{CLOSING}\nsortie {VERSION}")
    return 0
