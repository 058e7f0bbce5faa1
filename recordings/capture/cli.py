"""The `sortie` command: finds the command that is meant, and turns what comes of it into an exit status.

Nothing is imported that the command at hand does not need: what a shell waits for at every start is felt.
"""

import importlib
import io
import os
import sys

from recordings.capture import VERSION
from recordings.capture.arguments import Failure
from recordings.capture.spawn import CannotRun

COMMANDS = {
    "rec": "rec",
    "ssh": "ssh",
    "exec": "exec_",
    "list": "list_",
    "replay": "replay",
    "export": "export",
    "delete": "delete",
    "prune": "prune",
    "login": "login",
    "upload": "upload",
    "watch": "watch",
    "shell": "shell",
    "completion": "completion",
    "help": "help_",
}
USAGE_ERROR, BROKEN_PIPE, INTERRUPTED = 2, 141, 130


def main(arguments: list[str] | None = None) -> int:
    """Run `sortie arguments...`. Returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    fill_standard_descriptors()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the locale has no letters for is shown with `?`, and no error.
        sys.stdout.reconfigure(errors="replace")
    try:
        status = dispatch(given)
        # Here, where a reader that has gone away can still be dealt with.
        if sys.stdout is not None:
            sys.stdout.flush()
    except Failure as failure:
        complain(str(failure), failure.hint)
        return failure.status
    except CannotRun as error:
        complain(str(error))
        return error.status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return BROKEN_PIPE
    except OSError as error:
        complain(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return 1
    return status


def dispatch(given: list[str]) -> int:
    """Run the command named first."""
    if given[:1] == ["--version"]:
        print(f"sortie {VERSION}")
        return 0
    name, rest = (given[0], given[1:]) if given else ("help", [])
    if name in ("-h", "--help"):
        name, rest = "help", []
    if name not in COMMANDS:
        raise Failure(
            f"there is no command {name!r}", hint="`sortie help` shows those there are", status=USAGE_ERROR
        )
    status: int = module(name).run(rest)
    return status


def module(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a module of `commands`
    """The module of a command."""
    return importlib.import_module(f"recordings.capture.commands.{COMMANDS[name]}")


def complain(text: str, hint: str = "") -> None:
    """To standard error, which may be closed."""
    if sys.stderr is not None:
        print(f"sortie: {text}", file=sys.stderr)
        if hint:
            print(f"  {hint}", file=sys.stderr)


def fill_standard_descriptors() -> None:
    """Put /dev/null where one of the first three descriptors is closed: a file would be opened in its place."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            # open() takes the lowest free number, which is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


if __name__ == "__main__":
    sys.exit(main())
