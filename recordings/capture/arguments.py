"""Options as tables: a parser is built from one, and so are shell completions."""

import argparse
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from recordings.capture.track import Options

MEGABYTE = 1_000_000


class Failure(Exception):
    """A command cannot do what it was asked; the text says why, `hint` what to do, `status` is its exit status."""

    def __init__(self, text: str, *, hint: str = "", status: int = 1) -> None:
        super().__init__(text)
        self.hint = hint
        self.status = status


class Option:
    """One option: its names and what argparse is to know of it. Without `metavar` it is a switch."""

    def __init__(self, *names: str, about: str, metavar: str = "", **more: "Any") -> None:
        self.names = names
        self.metavar = metavar
        self.about = about
        self.more = {**more, **({"metavar": metavar} if metavar else {"action": "store_true"})}


def megabytes(text: str) -> int:
    """Bytes, from a number of MB. Raises ValueError."""
    count = float(text)
    if not 0 <= count < 1e9:
        raise ValueError
    return round(count * 1024 * 1024)


def seconds(text: str) -> float:
    """Raises ValueError unless it is a time."""
    value = float(text)
    if not 0 < value < 1e9:
        raise ValueError
    return value


RECORDING = (
    Option("--title", metavar="TEXT", about="what the recording is called"),
    Option("--stdin", about="record what is typed too; never at a password prompt or while echo is off"),
    Option(
        "--durability",
        metavar="HOW",
        choices=("normal", "event"),
        default="normal",
        about="normal: in the file within 10 ms, safe from a crash of the recorder; event: each event on the disk "
        "itself before the next, safe from a crash of the machine (default: %(default)s)",
    ),
    Option(
        "--max-size",
        metavar="MB",
        type=megabytes,
        about="end the recording, not the command, at this size; 0 for no limit (default: 50, or 0 with "
        "--require-recording)",
    ),
    Option("--no-record", about="run the command as if sortie were not there"),
    Option(
        "--require-recording",
        about="do not run the command if it cannot be recorded (exit status 125), end it if recording fails on the "
        "way, and let it wait for a slow disk",
    ),
    Option("--nested", about="record even inside another recording"),
    Option("--log-command", about="put the whole command line into the recording, not only the program's name"),
    Option("-q", "--quiet", about="say nothing at the end"),
)


def parser(
    name: str, usage: str, description: str, options: "Sequence[Option]", epilog: str
) -> argparse.ArgumentParser:
    """The parser of `sortie name`."""
    made = argparse.ArgumentParser(
        prog=f"sortie {name}",
        usage=f"sortie {name} {usage}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for option in options:
        made.add_argument(*option.names, help=option.about, **option.more)
    return made


def split(arguments: list[str], options: "Sequence[Option]") -> tuple[list[str], list[str]]:
    """Our own options at the front, and the rest, from the first thing that is not one of them."""
    takes_value = {name: bool(option.metavar) for option in options for name in option.names}
    takes_value.update({"-h": False, "--help": False})
    place = 0
    while place < len(arguments):
        name, equals, _ = arguments[place].partition("=")
        if name not in takes_value:
            break
        place += 2 if takes_value[name] and not equals else 1
    rest = arguments[place:]
    return arguments[:place], rest[1:] if rest[:1] == ["--"] else rest


def recording_options(given: argparse.Namespace) -> "Options":
    """How to record, from the options of `RECORDING`."""
    from recordings.capture.track import Options
    from recordings.capture.transcript import DEFAULT_LIMIT

    default = 0 if given.require_recording else DEFAULT_LIMIT
    limit = default if given.max_size is None else given.max_size
    return Options(limit=limit, durable=given.durability == "event", required=given.require_recording)


def warn(text: str) -> None:
    """To standard error."""
    print(f"sortie: {text}", file=sys.stderr)
