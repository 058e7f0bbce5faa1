"""Run one of our programs on a recording, in a process that can do nothing else.

Decoders are large and meet hostile files. So each runs in a process of its own, which `recordings.sandbox` starts.
It is handed the recording as standard input and a file as standard output, loads what it needs, and then gives up
the right to open anything more, be it a file or a socket. Its memory and processor time are bounded. What it writes
is untrusted again.

    limited.py PROGRAM [ARGUMENT ...] < recording > what was made of it

A program is a module with `RIGHTS`, with `prepare()`, which loads libraries and returns the exceptions that mean
that there is nothing to be made of a recording, and with `make(arguments, source, sink)`.

Exit status 3, and a word on standard error: there is nothing to be made of this recording.
"""

import importlib
import os
import pkgutil
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = {
    "pictures": "pictures",
    "frame": "frame",
    "terminal": "terminal.program",
    "screenshot": "terminal.screenshot",
    "film": "terminal.film",
}
NOTHING_TO_MAKE = 3
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Rights:
    """What a program may use: bytes of output, bytes of memory, seconds of processor time."""

    output: int
    memory: int = 2 * 1024**3
    cpu_seconds: int = 120


def main() -> None:
    """Load the program, give up all rights, run it."""
    name, *arguments = sys.argv[1:]
    if name not in PROGRAMS:
        raise SystemExit(f"There is no program {name}.")
    # Started by its path, and shut off from the environment, it knows no other module of this package.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    program: Any = importlib.import_module(f"recordings.media.{PROGRAMS[name]}")
    refusals = program.prepare()
    source, sink = os.fdopen(0, "rb", closefd=False), os.fdopen(1, "wb", closefd=False)
    give_up_rights(program.RIGHTS)
    try:
        program.make(arguments, source, sink)
        sink.flush()
    except (*refusals, MemoryError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}"[:200])
        raise SystemExit(NOTHING_TO_MAKE) from None


def import_all(package: Any) -> None:
    """Load what a library would load when it first needs it; later it could not open the files."""
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def give_up_rights(rights: Rights) -> None:
    """For good, and also where this is run as root."""
    if os.geteuid() == 0:  # who could take back what the limits below take away
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, rights.output),
        (resource.RLIMIT_AS, rights.memory),
        (resource.RLIMIT_CPU, rights.cpu_seconds),
        # What is open stays so; nothing else can be opened, listened on or connected to.
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    main()
