"""The terminal recorder against other recorders: what it costs to print much, to press a key, to start.

`script` with timing is the measure: a C program that keeps the bytes as they are. asciinema 2.4 and tlog-rec write
JSON as Sortie does.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import terminal
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample

ROOT = Path(__file__).resolve().parents[2]
SORTIE, SCRIPT, NOTHING = "sortie rec", "script --log-timing", "no recorder"
ASCIINEMA, TLOG = "asciinema 2.4", "tlog-rec"
PACKAGES = {SCRIPT: "bsdutils", ASCIINEMA: "asciinema", TLOG: "tlog"}
PYTHON = "python3 -c pass"
MEGABYTES = 200
KEYS = 1000
# What a build, a test run or a log in colour prints: about 4 % of the bytes begin an escape sequence.
LINES = [
    b"\x1b[32m2026-01-12T14:30:%02dZ\x1b[0m \x1b[1mINFO\x1b[0m  worker-%d: request /api/items/%d served in %d ms\n",
    b"   \x1b[36mCompiling\x1b[0m package-%d v1.%d.%d (src/module_%d.rs)\n",
    b"\x1b[33mwarning\x1b[0m: unused variable `value_%d` at line %d, column %d; see \x1b[4m#%d\x1b[0m\n",
    b'drwxr-xr-x  2 user group  40%02d Jan 12 14:%02d \x1b[01;34mdirectory-%d\x1b[0m/file_%d.txt "quoted"\n',
]


def contests(bench: Bench) -> Iterator[Contest]:
    recorders = Recorders(bench)
    printed = coloured(bench.folder / "coloured", MEGABYTES)
    yield Contest(
        f"Recording `cat` of {MEGABYTES} MB in colour",
        [
            Metric("seconds", higher_is_better=False, aims={SORTIE: 1.25}),
            Metric("CPU seconds", higher_is_better=False, aims={SORTIE: 1.4}),
            Metric("peak MB", higher_is_better=False, aims={SORTIE: 30}, absolute=True),
        ],
        recorders.entrants(f"cat {printed}", NOTHING, SCRIPT, SORTIE),
        reference=SCRIPT,
    )
    yield Contest(
        "The same, against other recorders: seconds, and how many times Sortie's",
        [Metric("seconds", higher_is_better=True, aims={ASCIINEMA: 1.8, TLOG: 1.8})],
        recorders.entrants(f"cat {printed}", SORTIE, ASCIINEMA, TLOG),
        reference=SORTIE,
    )
    yield Contest(
        "Recording `seq 1 5000000`",
        [
            Metric("seconds", higher_is_better=False, aims={SORTIE: 1.25}),
            Metric("CPU seconds", higher_is_better=False, aims={SORTIE: 1.4}),
            Metric("peak MB", higher_is_better=False, aims={SORTIE: 30}, absolute=True),
        ],
        recorders.entrants("seq 1 5000000", SCRIPT, SORTIE, ASCIINEMA, TLOG),
        reference=SCRIPT,
    )
    yield Contest(
        f"Echo of {KEYS} keys, 1 ms apart",
        [
            Metric("median ms", higher_is_better=False, aims={SORTIE: 1.2}),
            Metric("p99 ms", higher_is_better=False, aims={SORTIE: 5}, absolute=True),
        ],
        [recorders.typist(name) for name in (NOTHING, SCRIPT, SORTIE)],
        reference=SCRIPT,
    )
    yield Contest(
        "Start and end: `sortie rec -- true`, and what that is beyond 1.5 times Python's own",
        [
            Metric("ms", higher_is_better=False),
            Metric("ms beyond", higher_is_better=False, aims={SORTIE: 30}, absolute=True),
        ],
        [
            Entrant(SORTIE, recorders.start_up),
            Entrant(PYTHON, lambda: {"ms": spent([sys.executable, "-c", "pass"])}),
        ],
        reference=PYTHON,
        rounds=max(20, bench.rounds),
    )


class Recorders:
    """How each recorder is called, to record a shell command line to a file of its own."""

    def __init__(self, bench: Bench) -> None:
        self._folder = bench.new_folder("recorders")
        self._environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ},
            "HOME": str(self._folder),
            "SORTIE_HOME": str(self._folder / "sortie"),
            "SHELL": "/bin/sh",
            "TERM": "xterm-256color",
            "PYTHONPATH": str(ROOT),
        }
        # As installed: a console script of two lines, not `python -m`.
        self._program = self._folder / "sortie-script"
        self._program.write_text("import sys\nfrom recordings.capture.cli import main\nsys.exit(main())\n")
        self._left_out = {name for name in (ASCIINEMA, TLOG, SCRIPT) if not self._works(name, bench)}

    def command(self, name: str, line: str) -> list[str]:
        """What to run so that `name` records the command line."""
        target = str(self._folder / "target")
        asciinema = str(Path(sys.executable).with_name("asciinema"))
        return {
            NOTHING: ["sh", "-c", line],
            SORTIE: [sys.executable, str(self._program), "rec", "-q", "--max-size", "0", "--", "sh", "-c", line],
            SCRIPT: ["script", "-qe", "--log-timing", f"{target}.timing", "--log-out", target, "-c", line],
            ASCIINEMA: [asciinema, "rec", "--overwrite", "-q", "-c", line, target],
            TLOG: ["tlog-rec", "--writer=file", f"--file-path={target}", "sh", "-c", line],
        }[name]

    def entrants(self, line: str, *names: str) -> list[Entrant]:
        """The recorders that work here, each recording the command line."""
        return [
            Entrant(name, self._recording(name, line), prepare=self._clear)
            for name in names
            if name not in self._left_out
        ]

    def typist(self, name: str) -> Entrant:
        """Somebody typing at a recorded `cat`."""

        def run() -> Sample:
            command = self.command(name, "echo go; exec cat")
            taken = terminal.echoes(command, self._environment, count=KEYS, apart=0.001)
            return {"median ms": statistics.median(taken), "p99 ms": statistics.quantiles(taken, n=100)[98]}

        return Entrant(name, run, prepare=self._clear)

    def start_up(self) -> Sample:
        """Record `true` in a terminal, from start to end."""
        command = [sys.executable, str(self._program), "rec", "-q", "--", "true"]
        ours = terminal.run(command, self._environment).seconds * 1000
        return {"ms": ours, "ms beyond": ours - 1.5 * spent([sys.executable, "-c", "pass"])}

    def _recording(self, name: str, line: str) -> Callable[[], Sample]:
        def run() -> Sample:
            used = terminal.run(self.command(name, line), self._environment)
            assert used.status == 0, f"{name} ended with {used.status}"
            return {"seconds": used.seconds, "CPU seconds": used.cpu, "peak MB": used.peak_mb}

        return run

    def _clear(self) -> None:
        """Remove what was recorded, so that the disk begins empty each time."""
        shutil.rmtree(self._folder / "sortie", ignore_errors=True)
        for path in self._folder.glob("target*"):
            path.unlink()
        os.sync()

    def _works(self, name: str, bench: Bench) -> bool:
        command = self.command(name, "true")
        if not shutil.which(command[0]):
            bench.without(f"{name} is not installed (Debian: {PACKAGES[name]}).")
            return False
        if terminal.run(command, self._environment).status != 0:
            bench.without(f"{name} does not run here.")
            return False
        return True


def coloured(path: Path, megabytes: int) -> Path:
    """A file of lines in colour, the same at every run."""
    block = b"".join(
        LINES[number % 4] % tuple((number * step) % 97 for step in (3, 5, 7, 11)) for number in range(9999)
    )
    with path.open("wb") as file:
        for _ in range(megabytes * 10**6 // len(block) + 1):
            file.write(block)
    return path


def spent(command: list[str]) -> float:
    """Milliseconds from start to end."""
    begun = time.perf_counter()
    subprocess.run(command, check=True)
    return (time.perf_counter() - begun) * 1000
