"""`python -m tests.bench [names]`: run all benches or those named, print one table, save the figures as JSON.

Those of all benches are also written into README.md.
"""

import argparse
import importlib
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.bench import in_readme, report
from tests.bench.runner import Bench, Result, hold

NAMES = ("upload", "pieces", "live", "download", "finish", "memory", "recorder", "reading", "million", "retention")


def main() -> int:
    wanted = _arguments()
    results: list[Result] = []
    missing: list[str] = []
    until = time.monotonic() + wanted.minutes * 60
    for name in wanted.names or NAMES:
        _run(name, wanted, until, results, missing)
    print(report.table(results, missing))
    print(f"\nAs JSON: {report.save(results, missing)}")
    if not wanted.names:
        in_readme.write(results)
    return 0


def _run(name: str, wanted: argparse.Namespace, until: float, results: list[Result], missing: list[str]) -> None:
    module = importlib.import_module(f"tests.bench.{name}")
    with tempfile.TemporaryDirectory(prefix=f"sortie-bench-{name}-", dir=wanted.folder) as folder:
        bench = Bench(Path(folder), wanted.rounds, missing, wanted.full)
        with closing(module.contests(bench)) as contests:
            for contest in contests:
                print(f"{contest.title} ...", file=sys.stderr, flush=True)
                results.append(hold(contest, rounds=wanted.rounds, until=until))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which benches; all without any")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=15, help="after so long no further round is begun")
    parser.add_argument(
        "--folder", help="where to put the files, some 8 GB; default: the system's temporary folder"
    )
    parser.add_argument(
        "--full", action="store_true", help="a million recordings where else a tenth is enough, 100,000 that end"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
