"""`sortie rec`: a command, or a shell, recorded."""

import os

from recordings.capture import home, launch
from recordings.capture.arguments import RECORDING, Failure, Option, parser, recording_options, split, warn
from recordings.capture.spawn import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from recordings.capture.typed import TypedInput

SUMMARY = "run a command, or a shell, and record its terminal"
USAGE = "[options] [--] [COMMAND [ARGUMENT ...]]"
OPTIONS = (
    *RECORDING,
    Option("-t", "--tty", about="give the command a terminal even where there is none, as in a cron job"),
)
DESCRIPTION = """\
Run COMMAND, by default your shell, and record what its terminal shows. The
recording is a plain asciicast file that asciinema and Sortie play.

The command never notices: it gets a terminal of its own, with the size and
modes of yours, its signals, and its exit status is that of sortie. If
recording cannot begin, there is one warning and the command runs unrecorded;
if it fails later, the command goes on and one line at the end says so. What is
typed is not recorded unless you ask for it.

Where standard input or output is not a terminal, the command gets no terminal
either: pipes stay byte for byte what they are, and the recording shows errors
in red.
"""
EPILOG = """\
environment:
  SORTIE_NO_RECORD     set (and not 0 or false): as --no-record
  SORTIE_HOME          where recordings are kept (default: ~/.sortie)
  SORTIE_HOST_ID       what this host is called (default: its name)
  SORTIE_PROMPT_REGEX  with --stdin: one more pattern for the end of a line that
                       asks for a secret
  SORTIE_REDACT        with --log-command: one more pattern for what is to be
                       hidden in command lines
  SORTIE_SESSION       set for the command: the ID of the recording around it

exit status:
  that of the command; 128+N if signal N ended it; 127 if it was not found,
  126 if it could not be run; 125 if --require-recording was given and it could
  not be recorded

examples:
  sortie rec
      a shell; leave it with `exit`
  sortie rec --title "rollback 2.3" -- make rollback
  [ -t 0 ] && [ -z "$SORTIE_SESSION" ] && exec sortie rec
      as the last line of ~/.bash_profile: every login
"""


def run(arguments: list[str]) -> int:
    """Raises Failure and CannotRun."""
    own, rest = split(arguments, OPTIONS)
    made = parser("rec", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    if rest[:1] and rest[0].startswith("-") and "--" not in arguments[: len(arguments) - len(rest)]:
        made.error(f"unrecognized option: {rest[0]}")
    given = made.parse_args(own)
    command = Command(rest or [home.shell()], dict(os.environ))
    about = {**home.about(home.new_session_id()), "shell": home.shell()}
    return recorded(given, command, about, name=os.path.basename(command.program), force_terminal=given.tty)


def recorded(
    given: "argparse.Namespace",
    command: Command,
    about: dict[str, str],
    *,
    name: str,
    title: str = "",
    force_terminal: bool = False,
) -> int:
    """Run the command, recorded unless the user or the environment declines. Raises Failure and CannotRun."""
    if given.no_record or launch.declined():
        launch.run_bare(command)
    if launch.is_nested() and not given.nested:
        if os.isatty(2):
            warn("already recording; --nested records inside of it")
        launch.run_bare(command)
    plan = launch.Plan(command, about, recording_options(given), name=name)
    plan.header = {
        "title": given.title or title,
        "command": logged_command(command) if given.log_command else os.path.basename(command.program),
        "env": {variable: os.environ[variable] for variable in ("SHELL", "TERM") if variable in os.environ},
    }
    plan.typed = typed_input() if given.stdin else None
    plan.force_terminal = force_terminal
    plan.quiet = given.quiet
    return launch.run(plan)


def logged_command(command: Command) -> str:
    """The whole command line, without the secrets known by name."""
    import re
    import shlex

    from recordings.capture.presentation import redacted

    try:
        return redacted(shlex.join(command.arguments))
    except re.error as error:
        raise Failure(f"SORTIE_REDACT is not a regular expression: {error}", status=2) from error


def typed_input() -> "TypedInput":
    """What decides of typed input."""
    import re

    from recordings.capture.typed import TypedInput

    try:
        return TypedInput.from_environment()
    except re.error as error:
        raise Failure(f"SORTIE_PROMPT_REGEX is not a regular expression: {error}", status=2) from error
