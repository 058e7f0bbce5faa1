"""`python -m tests.soak [names]`: tell the stories, or those named, in full, and print the figures as a table."""

import argparse
import sys
import time
from itertools import groupby

from tests.soak import recorder
from tests.soak.outcome import Outcome
from tests.soak.pairs import story as pairs
from tests.soak.stories import STORIES

COLUMNS = (
    ("story", 24),
    ("faults", 7),
    ("recordings", 11),
    ("MB", 8),
    ("no answer", 10),
    ("bytes lost", 11),
    ("different", 10),
    ("twice", 6),
    ("ready after", 12),
    ("besides", 0),
)


def main() -> int:
    wanted = _arguments()
    names = sorted(set(wanted.names or STORIES) & set(STORIES), key=list(STORIES).index)
    outcomes: list[tuple[str, Outcome]] = []
    for where, together in groupby(names, key=lambda name: STORIES[name].where):
        with where() as world:
            for name in together:
                story = STORIES[name]
                times = max(1, story.short, round(story.times * wanted.share))
                began = time.monotonic()
                print(f"{name}, {times} times ...", file=sys.stderr, flush=True)
                world.fresh()
                outcomes.append((name, story.tell(world, times)))
                print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if outcomes:
        print(table(outcomes))
    broken = any(outcome.broken for _, outcome in outcomes)
    if not wanted.names or recorder.NAME in wanted.names:
        broken |= recorder.soak(wanted.share)
    if not wanted.names or pairs.NAME in wanted.names:
        broken |= pairs.soak(wanted.share)
    return int(broken)


def table(outcomes: list[tuple[str, Outcome]]) -> str:
    lines = ["".join(title.ljust(width) for title, width in COLUMNS)]
    for name, it in outcomes:
        cells = (
            name,
            it.faults,
            it.recordings,
            f"{it.megabytes:.0f}",
            it.unanswered,
            it.bytes_lost,
            it.different,
            it.twice,
            f"{it.ready_after:.0f} s",
            it.besides,
        )
        lines.append("".join(str(cell).ljust(width) for cell, (_, width) in zip(cells, COLUMNS, strict=True)))
        lines += [f"  BROKEN: {what}" for what in it.broken]
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[*STORIES, recorder.NAME, pairs.NAME, []], help="which stories; all without any"
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of faults")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
