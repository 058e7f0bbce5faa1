"""`sortie shell`: what sshd runs in the place of a user's shell, by ForceCommand."""

import os
import re
import syslog

from recordings.capture import home, launch
from recordings.capture.arguments import RECORDING, parser, recording_options, warn
from recordings.capture.spawn import Command

SUMMARY = "the shell of recorded logins, for sshd's ForceCommand"
USAGE = "[options]"
OPTIONS = tuple(
    option
    for option in RECORDING
    if option.names[0] in ("--title", "--durability", "--max-size", "--require-recording", "--log-command")
)
DESCRIPTION = """\
Record what users do who log in by ssh. As sshd's ForceCommand it runs what
they asked for, as themselves:

  a login               their login shell, in a terminal, recorded
  ssh HOST COMMAND      the command by their shell; recorded, with -t as a
                        terminal, without as output and errors
  sftp, scp             the sftp server, unrecorded
  scp -O, rsync, git    the command, unrecorded

Transfers of files are not recorded, but the system log gets a line for each:
who, from where, what. Exit status, signals, terminal sizes and binary data
pass as they would without.
"""
EPILOG = """\
set-up:
  Match Group recorded
      ForceCommand sortie shell --require-recording
      DisableForwarding yes
  in sshd_config, or for one key in authorized_keys:
      command="sortie shell",restrict,pty

  What users may set themselves (SORTIE_NO_RECORD, SORTIE_SESSION) is not
  heeded here. The recordings belong to the users, in their ~/.sortie: users can
  remove their own. sshd's own forwarding of ports and agents passes no shell;
  DisableForwarding forbids it.

exit status:
  that of the command; 125 if it had to be recorded and could not be
"""
SFTP_SERVERS = (
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server",
)
SFTP = re.compile(r"internal-sftp\b|(?:\S*/)?sftp-server\b")
TRANSFER = re.compile(r"(?:scp -[a-zA-Z]*[tf]|rsync --server|git-(?:upload-pack|receive-pack|upload-archive))\b")


def run(arguments: list[str]) -> int:
    """Raises CannotRun."""
    given = parser("shell", USAGE, DESCRIPTION, OPTIONS, EPILOG).parse_args(arguments)
    wanted = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    shell = home.shell()
    environment = {name: value for name, value in os.environ.items() if name != launch.SESSION_VARIABLE}
    if wanted and not in_terminal() and (SFTP.match(wanted) or TRANSFER.match(wanted)):
        note(wanted)
        launch.run_bare(transfer(wanted, shell, environment))
    if wanted:
        command = Command([shell, "-c", wanted], environment)
    else:
        # The dash is how login(1) and sshd tell a shell that it is a login shell.
        command = Command([f"-{os.path.basename(shell)}"], environment, program=shell)
    about = {**home.about(home.new_session_id()), "shell": shell}
    plan = launch.Plan(command, about, recording_options(given), name=home.user())
    plan.header = {
        "title": given.title or f"login of {home.user()} from {client()}",
        "command": logged(wanted) if given.log_command else os.path.basename(shell),
        "env": {name: os.environ[name] for name in ("SHELL", "TERM") if name in os.environ},
    }
    plan.quiet = True
    return launch.run(plan)


def in_terminal() -> bool:
    """Whether the client asked for a terminal."""
    return os.isatty(0) and os.isatty(1)


def transfer(wanted: str, shell: str, environment: dict[str, str]) -> Command:
    """The command behind a transfer. `internal-sftp` is a name sshd gives to itself: a program must stand in."""
    if not SFTP.match(wanted):
        return Command([shell, "-c", wanted], environment)
    server = next((path for path in SFTP_SERVERS if os.access(path, os.X_OK)), "sftp-server")
    if not wanted.startswith("internal-sftp"):
        return Command([shell, "-c", wanted], environment)
    return Command([server, *wanted.split()[1:]], environment)


def note(wanted: str) -> None:
    """One line in the system log."""
    from recordings.capture.presentation import visible

    syslog.openlog("sortie", syslog.LOG_PID, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_INFO, f"{home.user()} from {client()} without recording: {visible(wanted)}")


def client() -> str:
    """Where the user comes from."""
    return os.environ.get("SSH_CONNECTION", "").partition(" ")[0] or "here"


def logged(wanted: str) -> str:
    """The command line for the recording's header."""
    from recordings.capture.presentation import redacted

    try:
        return redacted(wanted) or "login shell"
    except re.error as error:
        warn(f"SORTIE_REDACT is not a regular expression: {error}")
        return ""
