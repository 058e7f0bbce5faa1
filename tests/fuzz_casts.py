"""Spoil terminal recordings ten thousand times, bring bombs, upload it all, and see what becomes of it.

    python -m tests.fuzz_casts [how many] [first seed]

A portal of its own takes them. None may end in an error of ours: each becomes ready, or it is refused, or fails,
with a sentence that says why. What is ready comes back bit for bit, is a clean cast, and now and then is read by
the emulator in its limited process. Anything else, much memory or a long silence ends the run and keeps the file.
"""

import gzip
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from recordings import sandbox
from recordings.media.asciicast import scan
from recordings.media.terminal import made
from tests import portal as portals
from tests.bench.processes import children, memory_mb
from tests.portal import Portal
from tests.terminal import build
from tests.terminal.mutations import mutated

KEPT = Path("build/fuzz-failed.cast")
WITHIN = 120.0  # seconds; for an answer, and for what is put away later
MOST_MEMORY_MB = 256
READ_EVERY = 100  # of those that are ready; the limited process takes half a second to start
MB, GB = 1 << 20, 1 << 30
REFUSALS = (400, 413, 415, 422)


def originals() -> list[bytes]:
    """Recordings of each version, with what shells and full-screen programs write."""
    page = "".join(f"\x1b[{row};1H\x1b[3{row % 8}mrow {row} 漢字\x1b[K" for row in range(1, 24))
    shown = [
        *(
            "$ ",
            "l",
            "s",
            "\r\n\x1b[1;32mfile\x1b[0m\r\n",
            f"\x1b[?1049h\x1b[H\x1b[2J{page}",
            "\x1b[5;1H\x1b[L\x1b[2P",
        ),
        *(
            "\x1b[2;20r\x1b[S\x1b[r",
            "\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
            "\x1b[?1049l$ exit\r\n",
        ),
    ]
    events: list[list[object]] = [[n * 0.7, "o", text] for n, text in enumerate(shown)]
    more = [
        [9.5, "r", "100x30"],
        [9.6, "m", "here"],
        [9.7, "i", "x"],
        [9.8, "o", "\U0001f600 done\r\n"],
        [9.9, "x", "0"],
    ]
    frames = [[0.7, text] for text in shown]
    whole = build.cast(*events, *more, title="t", env={"TERM": "xterm"}, sortie={"user": "u"})
    return [whole, build.version_3(*events, *more), build.version_1(*frames), gzip.compress(whole)]


def bombs(size: int) -> Iterator[tuple[str, bytes]]:
    """Small files that come to `size` bytes or to much work, each with what it is."""
    begun = gzip.compress(build.cast())
    yield "one line", gzip.compress(build.cast() + b'[1, "o", "') + build.bomb(size)
    yield "blank lines", begun + build.bomb(size, b"\n")
    yield "events", begun + gzip.compress(b'[1,"o","x"]\n' * MB) * (size // (64 * MB))
    yield "frames", gzip.compress(build.version_1([1, "a"])[:-2] + b', [1, "') + build.bomb(size)
    yield "empty members", begun + gzip.compress(b"") * (size // 4096)
    yield "200,000 brackets", build.cast(b"[" * 200_000)
    yield "5,000 digits", build.cast(b"[" + b"9" * 5000 + b',"o","x"]')
    yield "a deep header", b'{"version": 2, "width": 80, "height": 24, "env": ' + b"[" * 500_000 + b"\n"
    yield "a header of 32 MB", b'{"version": 1, "a": "' + b"x" * (32 * MB)
    yield "10,000 sizes", build.cast(*([n / 1e4, "r", f"{n % 999 + 2}x{n % 997 + 2}"] for n in range(10_000)))
    yield "distinct words", build.cast(*([n / 1e3, "o", f"word{n} \r\n"] for n in range(size // 2048)))
    yield "a row without end", build.cast(*([n / 1e3, "o", "x" * 10_000] for n in range(size // 400_000)))
    yield "erased again and again", build.cast([1, "o", "\x1b[2Jx" * (size // 2048)])


@dataclass
class Run:
    """Uploads to one portal, and what came of them: how often each, and which recordings still have to end."""

    portal: Portal
    client: httpx.Client
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    ready: int = 0

    def treat(self, data: bytes) -> str:
        """Upload one file and follow it to its end; the name of that."""
        began = time.perf_counter()
        outcome = self._followed(data)
        self.slowest = max(self.slowest, time.perf_counter() - began)
        self.outcomes[outcome] += 1
        return outcome

    def _followed(self, data: bytes) -> str:
        answer = self.client.post("/api/recordings", content=data, headers={"Content-Type": "application/gzip"})
        if answer.status_code in REFUSALS:
            check_sentence(answer.json()["detail"])
            return f"refused with {answer.status_code}"
        if answer.status_code != 201:
            raise AssertionError(f"the answer is {answer.status_code}: {answer.text[:300]}")
        told = self._ended(answer.json())
        if told["status"] == "failed":
            check_sentence(told["error"])
            return "failed"
        self._check_ready(told, data)
        return "ready, in part" if told["incomplete"] else "ready"

    def _ended(self, told: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + WITHIN
        while told["status"] == "uploading":
            if time.monotonic() > deadline:
                raise AssertionError("it is neither ready nor failed")
            time.sleep(0.1)
            told = self._get(f"/api/recordings/{told['id']}").json()
        return told

    def _check_ready(self, told: dict[str, Any], data: bytes) -> None:
        address = f"/api/recordings/{told['id']}/download"
        if not told["terminal"]["input_removed"] and self._get(f"{address}?original=1").content != data:
            raise AssertionError("the original did not come back")
        self.ready += 1
        with tempfile.TemporaryFile() as file:
            file.write(self._get(f"{address}?format=cast.gz").content)
            size = file.tell()
            file.seek(0)
            found = scan(file)
            # Where it ended with what was typed, which is not kept, it lasted longer than what is played.
            as_long = told["terminal"]["input_removed"] or found.duration_ms / 1000 == told["duration_seconds"]
            if not (found.clean and as_long):
                raise AssertionError("what is played is another recording")
            if self.ready % READ_EVERY == 1:
                file.seek(0)
                with sandbox.made_by("terminal", size, 1, source=file, seconds=300) as output:
                    list(made.read(output))

    def _get(self, address: str) -> httpx.Response:
        return self.client.get(address).raise_for_status()

    def memory_mb(self) -> float:
        """The most that a process of the portal has had since it started; 0 where that is not known."""
        tops = [process.pid for process in self.portal.processes.values()]
        pids = [*tops, *(child for top in tops for child in children(top))]
        return (
            max(memory_mb(pid).get("peak MB", 0.0) for pid in pids) if os.path.exists("/proc/self/status") else 0.0
        )

    def unfinished(self) -> int:
        """How many recordings there are that neither are ready nor say why they failed."""
        count, page = 0, self._get("/api/recordings?limit=500")
        while True:
            count += sum(1 for told in page.json() if not (told["status"] == "ready" or told["error"]))
            if "next" not in page.links:
                return count
            page = self._get(page.links["next"]["url"])


def check_sentence(text: str) -> None:
    if not text.strip().endswith((".", ")")):
        raise AssertionError(f"no sentence says why: {text!r}")


def treat_or_keep(run: Run, data: bytes, what: str) -> str:
    try:
        return run.treat(data)
    except Exception:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_bytes(data)
        print(f"{what} failed; the file is {KEPT}")
        raise


def fuzz(run: Run, count: int, first: int) -> None:
    """Upload `count` spoilt casts, and see that nothing is left undecided."""
    material = originals()
    for seed in range(first, first + count):
        random = Random(seed)
        treat_or_keep(run, mutated(random, random.choice(material)), f"seed {seed}")
    if undecided := run.unfinished():
        raise AssertionError(f"{undecided} recordings are neither ready nor failed with a reason")


def throw_bombs(run: Run, size: int) -> None:
    for name, data in bombs(size):
        began = time.perf_counter()
        outcome = treat_or_keep(run, data, name)
        print(
            f"{name + ':':24} {outcome}, {time.perf_counter() - began:.1f} s, {run.memory_mb():.0f} MB", flush=True
        )


def main(count: int, first: int) -> None:
    with portals.running("single") as portal, portal.client("alice") as client:
        client.timeout = httpx.Timeout(WITHIN)
        run = Run(portal, client)
        started = time.perf_counter()
        fuzz(run, count, first)
        for outcome, times in run.outcomes.most_common():
            print(f"{times:7,}  {outcome}")
        took = time.perf_counter() - started
        print(
            f"{count:,} casts in {took:.0f} s, the slowest in {run.slowest:.1f} s, {run.memory_mb():.0f} MB at most"
        )
        throw_bombs(run, GB)
        if run.unfinished() or run.memory_mb() > MOST_MEMORY_MB:
            sys.exit("too large, or left undecided")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*given, *(10_000, 1)[len(given) :])
