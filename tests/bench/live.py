"""Many who upload at once and take their time: what a page feels of it, the web process's memory, and how many fit.

A live recording sends 312.5 KB each second (2.5 Mbit/s), a slow client its body at 64 KB a second. A recording is
carried as long as its pieces are acknowledged before the next is due. The clients are a process on the same
machine.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.bench import material
from tests.bench.child import Child
from tests.bench.pieces import begin_at, one_piece
from tests.bench.portal import Portal, SignedIn, served, set_up, sign_in
from tests.bench.processes import cpu_of, memory_mb
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample
from tests.bench.upload import patch_head

CROWD = 200
PIECE = 312_500  # a second of 2.5 Mbit/s
SLOW_TURN, SLOW_EVERY, SLOW_BODY = 6_400, 0.1, 4_000_000
PAGE_MS, MEMORY_MB = 50.0, 150.0
LOOK_FOR, WARM = 10.0, 2.0  # seconds
SEEN = 10  # recordings
UPLOADS_EACH = 50  # what a user may have under way
MOST, PROBE = 3200, 4.0  # recordings, seconds


@dataclass(frozen=True)
class Pace:
    """Bytes of one request, how many of them are sent at a time, and the seconds from one time to the next."""

    body: int
    turn: int
    every: float


LIVE = Pace(PIECE, PIECE, 1.0)
SLOW = Pace(SLOW_BODY, SLOW_TURN, SLOW_EVERY)


def contests(bench: Bench) -> Iterator[Contest]:
    folder = bench.new_folder("portal")
    user = set_up(folder)
    users = [user, *sign_in(folder, *(f"bench-{n}" for n in range(MOST // UPLOADS_EACH)))]
    with served(folder, user) as ours:
        yield _pages(bench, ours, users)
    yield _carried(bench, folder, users)


class Uploads:
    """Recordings that wait for pieces, of as many users as it takes; begun when needed, and there until dropped."""

    def __init__(self, ours: Portal, users: list[SignedIn]) -> None:
        self._ours = ours
        self._users = users
        self._sessions: dict[str, str] = {}
        self._begun: list[tuple[str, SignedIn]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._begun:
            address, user = self._begun.pop()
            self._ours.ask("DELETE", address, by=user)

    def some(self, count: int, length: int) -> list[dict[str, Any]]:
        """So many of them as `crowd` takes them, for requests of `length` bytes."""
        while len(self._begun) < count:
            self._begin(self._users[len(self._begun) // UPLOADS_EACH])
        return [
            {
                "head": patch_head(self._ours.port, address, at="{at}", length=length, identity=user.bearer),
                "at": self._ours.offset(address, by=user),
            }
            for address, user in self._begun[:count]
        ]

    def _begin(self, user: SignedIn) -> None:
        if user.token not in self._sessions:
            self._sessions[user.token] = self._ours.ask("POST", "/api/sessions", {"app_id": "bench"}, by=user)["id"]
        session = self._sessions[user.token]
        recording = self._ours.ask("POST", f"/api/sessions/{session}/recording/start", by=user)["recording_id"]
        self._begun.append((begin_at(self._ours, user, recording), user))


@contextmanager
def _crowd(ours: Portal, uploads: Uploads, folder: Path, count: int, pace: Pace) -> Iterator[Callable[[], Any]]:
    """So many who upload while the block lasts; call what it gives to end them, and hear how they fared."""
    some = uploads.some(count, pace.body)
    material.settle()
    with Child("tests.bench.crowd") as child:
        child.ask(
            do="begin",
            port=ours.port,
            uploads=some,
            file=str(one_piece(folder, pace.body)),
            turn=pace.turn,
            every=pace.every,
            warm=WARM,
        )
        yield lambda: child.ask(do="end")


def _pages(bench: Bench, ours: Portal, users: list[SignedIn]) -> Contest:
    visitor = users[-1]  # who uploads nothing, and has a page of recordings from before
    for _ in range(SEEN):
        ours.new_recording(by=visitor)
    crowds = {f"{CROWD} live recordings": LIVE, f"{CROWD} slow clients": SLOW}
    everybody = ["nobody", *crowds]
    return Contest(
        f"The library's page while {CROWD} upload",
        [
            Metric("page p50 ms", higher_is_better=False),
            Metric("page p99 ms", higher_is_better=False, aims=dict.fromkeys(everybody, PAGE_MS), absolute=True),
            Metric("answer p99 ms", higher_is_better=False),
            Metric("peak MB", higher_is_better=False, aims=dict.fromkeys(everybody, MEMORY_MB), absolute=True),
        ],
        [
            Entrant("nobody", lambda: _look(ours, visitor)),
            *(Entrant(name, _looking(bench, ours, users, visitor, pace)) for name, pace in crowds.items()),
        ],
        reference="nobody",
        rounds=min(2, bench.rounds),
    )


def _look(ours: Portal, visitor: SignedIn) -> Sample:
    with Child("tests.bench.visitor") as looking:
        seen = looking.ask(port=ours.port, path="/", header=visitor.browser, seconds=LOOK_FOR, every=0.1)
    times = {f"page {name} ms": 1000 * seen[name] for name in ("p50", "p99")}
    return {**times, "peak MB": memory_mb(ours.worker)["peak MB"]}


def _looking(
    bench: Bench, ours: Portal, users: list[SignedIn], visitor: SignedIn, pace: Pace
) -> Callable[[], Sample]:
    def run() -> Sample:
        with Uploads(ours, users) as uploads, _crowd(ours, uploads, bench.folder, CROWD, pace) as end:
            time.sleep(WARM)
            sample = _look(ours, visitor)
            done = end()
        # A slow client's request lasts longer than anybody looks.
        return {**sample, **({"answer p99 ms": 1000 * done["p99"]} if done["answers"] else {})}

    return run


def _carried(bench: Bench, folder: Path, users: list[SignedIn]) -> Contest:
    def carrying(workers: int, cores: Collection[int]) -> Callable[[], Sample]:
        return lambda: _carry(bench, folder, users, workers=workers, cores=cores)

    return Contest(
        "Live recordings of 2.5 Mbit/s carried",
        [Metric("recordings", higher_is_better=True), Metric("CPU ms a piece", higher_is_better=False)],
        [
            Entrant("1 web process on one core", carrying(1, {min(os.sched_getaffinity(0))})),
            Entrant("1 web process", carrying(1, ())),
            Entrant("2 web processes", carrying(2, ())),
        ],
        reference="1 web process",
        rounds=1,
    )


def _carry(bench: Bench, folder: Path, users: list[SignedIn], *, workers: int, cores: Collection[int]) -> Sample:
    """The greatest number that is carried, to within a fifth, and what a piece costs there."""
    cost: dict[int, float] = {}
    with ExitStack() as stack:
        ours = stack.enter_context(served(folder, users[0], cores=cores, SORTIE_WEB_WORKERS=str(workers)))
        uploads = stack.enter_context(Uploads(ours, users))
        carried, too_many = 0, 0
        probe = 2 * CROWD
        while probe <= MOST and (not too_many or too_many > 1.2 * carried):
            with _crowd(ours, uploads, bench.folder, probe, LIVE) as end:
                time.sleep(WARM)
                with cpu_of(*ours.workers) as cpu:
                    time.sleep(PROBE)
                done = end()
            cost[probe] = 1000 * cpu[0] / (probe * PROBE)
            if done["p99"] < LIVE.every:
                carried = probe
            else:
                too_many = probe
            probe = (carried + too_many) // 2 if too_many else 2 * probe
    return {"recordings": carried, "CPU ms a piece": cost.get(carried, 0)}
