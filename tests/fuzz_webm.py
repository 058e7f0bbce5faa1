"""Spoil real recordings ten thousand times and see that nothing worse happens than a refusal.

    python -m tests.fuzz_webm [how many] [first seed]

Each spoilt file is scanned, and if it is taken: made seekable, scanned again, and its original compared bit for
bit. Anything but a `WebmError`, a second of work or a wrong byte ends the run and keeps the file: the recordings
are made anew for every run, so the seed alone would not bring it back.
"""

import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from recordings.media import webm
from recordings.media.edit import Original, apply, plan_edit, restore
from recordings.media.errors import WebmError
from tests.webm_mutations import mutated
from tests.webm_samples import samples

ROOM = 4096
KEPT = Path("build/fuzz-failed.webm")
LONGEST_SECONDS = 1.0
MOST_MEMORY_MB = 150
WEBM = ("vp8", "vp9", "av1", "vp8_opus", "vp9_opus", "av1_opus", "alpha", "paused", "audio")


def treat(path: Path, data: bytes) -> str:
    """Take one file all the way; the name of what became of it."""
    path.write_bytes(bytes(ROOM) + data)
    with path.open("r+b") as file:
        try:
            scan = webm.scan(file, start=ROOM)
        except WebmError as error:
            return f"refused: {type(error).__name__}"
        edit = plan_edit(file, scan)
        if edit is None:
            return "taken as it is"
        apply(file, edit)
        again = webm.scan(file)
        if (again.duration_ms, len(again.head.tracks)) != (scan.duration_ms, len(scan.head.tracks)):
            raise AssertionError("the edited file is another recording")
        stored = path.read_bytes()
        original = Original(len(stored), edit.original_head, edit.body_start, edit.cut, edit.tail_saved)
        pieces = [p if isinstance(p, bytes) else stored[p.start : p.stop] for p in original.pieces()]
        restore(file, start=ROOM, original_head=edit.original_head, cut=edit.cut, tail_saved=edit.tail_saved)
    if b"".join(pieces) != data or path.read_bytes()[ROOM:] != data:
        raise AssertionError("the original did not come back")
    return "taken, in part" if scan.notes else "taken whole"


def main(count: int, first: int) -> None:
    originals = [samples()[name].read_bytes() for name in WEBM]
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            random = Random(seed)
            data = mutated(random, random.choice(originals))
            began = time.perf_counter()
            try:
                outcomes[treat(Path(folder) / "spoilt.webm", data)] += 1
            except Exception:
                KEPT.parent.mkdir(exist_ok=True)
                KEPT.write_bytes(data)
                print(f"seed {seed} failed; the file is {KEPT}")
                raise
            slowest = max(slowest, time.perf_counter() - began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    for outcome, times in outcomes.most_common():
        print(f"{times:7,}  {outcome}")
    total = time.perf_counter() - started
    print(f"{count:,} files in {total:.0f} s, the slowest in {slowest * 1000:.0f} ms, {memory:.0f} MB at most")
    if slowest > LONGEST_SECONDS or memory > MOST_MEMORY_MB:
        sys.exit("too slow or too large")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*given, *(10_000, 1)[len(given) :])
