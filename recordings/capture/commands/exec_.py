"""`sortie exec`: single commands on a host, shown as they were given and what came of them."""

import os
import re
import shlex

from recordings.capture import exec_recording, home, launch
from recordings.capture.arguments import Failure, Option, megabytes, parser, recording_options, split
from recordings.capture.commands.ssh import program
from recordings.capture.pipe_session import PipeSession
from recordings.capture.spawn import Command
from recordings.capture.ssh_arguments import Destination, destination

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "run one command on a host and record it, several to a session"
USAGE = "[options] [ssh options] [user@]HOST -- COMMAND [ARGUMENT ...]\n       sortie exec --session ID --end"
OPTIONS = (
    Option("--session", metavar="ID", about="add the command to the recording of this session, or begin it"),
    Option("--end", about="end the session, after the command if there is one"),
    Option(
        "--durability", metavar="HOW", choices=("normal", "event"), default="normal", about="as for `sortie rec`"
    ),
    Option("--max-size", metavar="MB", type=megabytes, about="as for `sortie rec`"),
    Option("--no-record", about="run the command as if sortie were not there"),
    Option("--require-recording", about="as for `sortie rec`"),
    Option("-q", "--quiet", about="say nothing at the end"),
)
DESCRIPTION = """\
Run one command on HOST, over ssh, or here if HOST is `localhost`, and record a
prompt line with the command, its output, its errors in red, and its exit
status if it is not 0. Output and errors pass through byte for byte.

One argument is a command line for the host's shell; several are taken as they
are, without a shell in between:
    sortie exec web1 -- 'grep -c 500 access.log | sort'
    sortie exec web1 -- grep -c 'not found' access.log

Commands that name the same session share a recording, until one of them, or
none, says --end. A session has one recording at a time: a command that comes
while another of its session runs is recorded on its own, as ID-2 and so on.

In the prompt line, values of options and settings called password, token,
secret and the like are shown as ***, and control characters as ^[.
"""
EPILOG = """\
environment:
  as for `sortie rec`; SORTIE_SSH names the ssh program, SORTIE_REDACT is one
  more pattern for what is to be hidden in prompt lines

files:
  ~/.sortie/recordings/ID.cast.gz
      what was shown; can be read up to the last second at any time
  ~/.sortie/recordings/ID.meta.json
      who, where, when, how many commands; written when the session ends

exit status:
  that of the command, or 255 if the connection failed; 128+N if signal N ended
  it here; 127, 126, 125 as for `sortie rec`; 1 if the session has ended already
"""
# What ssh says when all is well, more or less.
HARMLESS = re.compile(rb"^(?:Warning:|debug\d:|Authenticated to|Connection to \S+ closed\.)")
# What it does not log but says where the remote command's errors go.
LOST = re.compile(rb"Connection to \S+ closed by remote host\.|Timeout, server \S+ not responding\.")
SSH_FAILED = 255


def run(arguments: list[str]) -> int:
    """Raises Failure and CannotRun."""
    own, rest = split(arguments, OPTIONS)
    made = parser("exec", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    given = made.parse_args(own)
    if given.session is not None and not home.is_session_id(given.session):
        made.error("a session's ID is of letters, digits, `.`, `_` and `-`, and begins with one of the first two")
    if not rest:
        if given.session is None or not given.end:
            made.error("HOST and COMMAND are missing")
        return end_session(given.session)
    to = destination(rest)
    command = rest[to.place + 1 :] if to else []
    command = command[1:] if command[:1] == ["--"] else command
    if to is None or not to.host or rest[to.place].startswith("-") or not command:
        made.error("HOST and COMMAND are wanted: sortie exec HOST -- COMMAND")
    return execute(given, rest, to, command)


def execute(given: "argparse.Namespace", words: list[str], to: Destination, command: list[str]) -> int:
    """Run and record it. `words` are ssh's options and the host. Raises Failure and CannotRun."""
    line = command[0] if len(command) == 1 else shlex.join(command)
    if given.no_record or launch.declined():
        launch.run_bare(command_for(words, to, command, line, log=""))
    session = PipeSession()
    log = "" if to.host == "localhost" else session.log_file()
    plan = launch.Plan(
        command_for(words, to, command, line, log), about(given, to), recording_options(given), name=""
    )
    try:
        made = open_recording(plan, line, given, session)
    except OSError as error:
        plan.command = command_for(words, to, command, line, log="")
        return launch.without_recording(plan.command, plan.options, error)
    status = launch.watch(session, plan, made)
    lost = status == SSH_FAILED and log != "" and connection_lost(session.logged, session.last_errors)
    problem = made.finish(None if lost else status)
    session.close()
    if not given.quiet:
        launch.tell(made, problem)
    return launch.NOT_RECORDED if problem and plan.options.required else status


def open_recording(
    plan: launch.Plan, line: str, given: "argparse.Namespace", session: PipeSession
) -> exec_recording.ExecRecording:
    """Open the session's recording, or one beside it if it is being written, and show the command in it.

    Raises OSError if there can be none, and Failure.
    """
    session_id = plan.about["session_id"]
    number = 1
    ends = given.session is None or given.end
    while True:
        try:
            on_error = launch.when_lost(plan.options, session)
            made = exec_recording.open_session(plan.about, plan.options, on_error)
        except exec_recording.SessionBusy:
            number += 1
            plan.about["session_id"] = f"{session_id}-{number}"
            # Nobody knows this name, so nobody will end it.
            ends = True
            continue
        except exec_recording.SessionEnded:
            if number > 1:
                number += 1
                plan.about["session_id"] = f"{session_id}-{number}"
                continue
            raise Failure(f"session {session_id} has ended", hint="begin one with another ID") from None
        break
    made.ends = ends
    try:
        made.begin_command(line)
    except re.error as error:
        raise Failure(f"SORTIE_REDACT is not a regular expression: {error}", status=2) from error
    return made


def about(given: "argparse.Namespace", to: Destination) -> dict[str, str]:
    """Who and where."""
    here = to.host == "localhost"
    found = home.about(given.session or home.new_session_id(), "" if here else to.host, to.user)
    return {**found, "shell": home.shell() if here else ""}


def command_for(words: list[str], to: Destination, command: list[str], line: str, log: str) -> Command:
    """What to run on this machine, so that `command` runs on the host."""
    environment = dict(os.environ)
    if to.host == "localhost":
        return Command([home.shell(), "-c", line] if len(command) == 1 else command, environment)
    options = [*(["-E", log] if log else []), *words[: to.place]]
    if options[-1:] == ["--"]:
        options.pop()
    # The dashes after the host keep ssh from taking the command's own for options.
    return Command([program(), *options, words[to.place], "--", line], environment)


def connection_lost(logged: bytes, errors: bytes) -> bool:
    """Whether ssh, by what it said last, failed itself: a remote command may end with 255 too."""
    log, error = last_line(logged), last_line(errors)
    return (log != b"" and HARMLESS.match(log) is None) or LOST.match(error) is not None


def last_line(text: bytes) -> bytes:
    """The last line that says something."""
    return next((line for line in reversed(text.replace(b"\r", b"").split(b"\n")) if line.strip()), b"")


def end_session(session_id: str) -> int:
    """End a session in which nothing runs. Raises Failure."""
    try:
        exec_recording.end_session(session_id)
    except FileNotFoundError:
        raise Failure(f"there is no session {session_id}", status=3) from None
    except exec_recording.SessionBusy:
        raise Failure(f"a command of session {session_id} is running") from None
    except exec_recording.SessionEnded:
        raise Failure(f"session {session_id} has ended") from None
    return 0
