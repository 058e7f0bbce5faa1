"""`sortie ssh`: ssh, recorded."""

import os

from recordings.capture import home
from recordings.capture.arguments import RECORDING, parser, split
from recordings.capture.commands.rec import recorded
from recordings.capture.spawn import Command
from recordings.capture.ssh_arguments import destination

SUMMARY = "ssh to a host and record the session"
USAGE = "[options] [ssh options] [user@]HOST [COMMAND [ARGUMENT ...]]"
OPTIONS = RECORDING
DESCRIPTION = """\
Run ssh and record what it shows. Everything from the first word that is no
option of sortie goes to ssh unchanged: its options, escapes (~.), -t, its
prompts and its exit status are those of ssh. No -t is added.

Inside ssh the echo of the remote terminal cannot be seen. With --stdin, what
is typed at a line that ends like a password prompt is left out;
SORTIE_PROMPT_REGEX adds a pattern of your own.
"""
EPILOG = """\
environment:
  as for `sortie rec`; SORTIE_SSH names the ssh program (default: ssh)

exit status:
  that of ssh: the remote command's, or 255 if ssh itself failed

examples:
  sortie ssh web1
  sortie ssh --title "INC-4711" -p 2222 ops@web1 -- sudo journalctl -f
  alias ssh='sortie ssh'
"""


def run(arguments: list[str]) -> int:
    """Raises Failure and CannotRun."""
    own, rest = split(arguments, OPTIONS)
    given = parser("ssh", USAGE, DESCRIPTION, OPTIONS, EPILOG).parse_args(own)
    to = destination(rest)
    host = to.host if to else ""
    about = {**home.about(home.new_session_id(), host, to.user if to else ""), "shell": ""}
    command = Command([program(), *rest], dict(os.environ))
    return recorded(given, command, about, name=host or "ssh", title=f"ssh {host}".rstrip())


def program() -> str:
    """The ssh to run."""
    return os.environ.get("SORTIE_SSH") or "ssh"
