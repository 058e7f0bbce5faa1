"""The story itself: who is killed when, what has to hold afterwards, and the figures."""

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice

from tests.bench.report import percentiles
from tests.soak.pairs.cluster import Cluster, Crowd, running
from tests.soak.pairs.heard import Down, errors
from tests.soak.pairs.recorders import WHO
from tests.soak.pairs.watchers import DESKTOP, WATCHER
from tests.soak.world import END_LEASES, Left, everything

NAME = "pairs"
TURN = ("web", "live", "worker", "web-2", "live-2", "worker-2", "beat")
READY_WITHIN = 180.0
SERVED_BY = {WHO: "web", WATCHER: "web", DESKTOP: "live"}
"""What has to be down for one of these to see an error. Of all others they must never hear."""


@dataclass(frozen=True)
class Pace:
    """Seconds: in which the crowd comes, for which a process is down at least, from one kill to the next at least,
    and for which nobody is down before that."""

    gather: float
    down: float
    every: float
    calm: float


FULL, FULL_PACE, KILLS = Crowd(200, 40, 10, range(8, 18)), Pace(20, 3, 12, 2), 49
SHORT, SHORT_PACE = Crowd(8, 2, 1, range(1, 2)), Pace(2, 0.5, 0, 0.5)


@dataclass
class Told:
    """`broken`: what was promised and did not hold."""

    crowd: Crowd
    seconds: float
    downs: list[Down]
    cluster: Cluster
    ready_after: float = 0
    different: int = 0
    twice: int = 0
    inside: dict[str, Counter[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def tell(cluster: Cluster, crowd: Crowd, pace: Pace, kills: int, *, hurry: bool = False) -> Told:
    """Kill so many processes, one after the other, under the crowd's eyes. With `hurry` leases of those that were
    killed end at once, not in a minute."""
    began, downs = time.monotonic(), []
    with cluster.crowded(crowd, gather=pace.gather):
        due = time.monotonic()
        for name in islice(cycle(TURN), kills):
            time.sleep(max(pace.calm, due - time.monotonic()))
            due = time.monotonic() + pace.every
            downs.append(cluster.kill(name, seconds=pace.down))
        time.sleep(max(pace.calm, due - time.monotonic()))
    told = Told(crowd, time.monotonic() - began, downs, cluster)
    _look_at_errors(told)
    _look_at_what_is_left(told, hurry=hurry)
    return told


def _look_at_errors(told: Told) -> None:
    log = told.cluster.log
    told.broken += log.complaints
    for who, service in SERVED_BY.items():
        times = [down for down in told.downs if down.service == service]
        told.inside[who], outside = errors(log.of(who), times)
        if outside:
            told.broken.append(f"While no {service} process was down, a {who} saw {_listed(outside)}.")


def _look_at_what_is_left(told: Told, *, hurry: bool) -> None:
    """Every recording whose end was acknowledged is there, once, and gives back what was sent."""
    cluster, promised = told.cluster, told.cluster.promises
    began = time.monotonic()
    if hurry:
        cluster.manage(END_LEASES)
    with cluster.client() as client:
        left = everything(client)
        while not left.ready(set(promised.whole)) and time.monotonic() < began + READY_WITHIN:
            time.sleep(0.5)
            left = everything(client)
    told.ready_after = time.monotonic() - began
    different = {*left.differing(promised.whole), *_given_back_otherwise(cluster, left)}
    told.different, told.twice = len(different), left.twice(promised.whole)
    if different or told.twice or promised.lost:
        told.broken.append("Bytes were lost, or recordings differ.")
    if len(promised.whole) < told.crowd.recorders:
        told.broken.append(f"Only {len(promised.whole)} recordings came to their end.")


def _given_back_otherwise(cluster: Cluster, left: Left) -> list[str]:
    """Recordings whose original is not what was sent, as a download gives it."""
    promised = cluster.promises.whole
    with cluster.client() as client, ThreadPoolExecutor(4) as pool:

        def digest(pk: str) -> str:
            answer = client.get(f"/api/recordings/{pk}/download", params={"original": 1})
            return hashlib.sha256(answer.content).hexdigest()

        ready = [pk for pk in promised if left.status.get(pk) == "ready"]
        return [pk for pk, found in zip(ready, pool.map(digest, ready), strict=True) if found != promised[pk]]


def soak(share: float) -> bool:
    """Tell it in full, or a share of it, and print the figures. True if a promise was broken."""
    kills = max(1, round(KILLS * share))
    print(f"{NAME}, {kills} kills ...", file=sys.stderr, flush=True)
    with running() as cluster:
        told = tell(cluster, FULL, FULL_PACE, kills)
    print("\n".join(figures(told)))
    return bool(told.broken)


def figures(told: Told) -> Iterator[str]:
    promised, crowd = told.cluster.promises, told.crowd
    killed = Counter(down.service for down in told.downs)
    yield (
        f"{NAME}: {crowd.recorders} recorders, {crowd.watchers} watchers and {crowd.lookers} lookers at desktops "
        f"for {told.seconds:.0f} s; killed: {_listed(killed)}"
    )
    yield (
        f"  {len(promised.whole)} recordings of {promised.begun}, {promised.sent / 1e6:.0f} MB; bytes lost "
        f"{promised.lost}, different {told.different}, twice {told.twice}, ready after {told.ready_after:.0f} s"
    )
    times = sorted(down.ended - down.began for down in told.downs)
    yield f"  down for {times[0]:.1f} to {times[-1]:.1f} s each"
    for who in SERVED_BY:
        yield from _of(told, who)
    yield from (f"  BROKEN: {what}" for what in told.broken)


def _of(told: Told, who: str) -> Iterator[str]:
    log = told.cluster.log
    answers = log.of(who)
    for what in sorted({answer.what for answer in answers}):
        took = [1000 * (one.ended - one.began) for one in answers if one.what == what and not one.is_error]
        if took:
            found = percentiles(took)
            times = f"{found['p50']:6.0f} ms p50, {found['p99']:6.0f} ms p99"
            yield f"  {f'{who}: {what}':24}{len(took):7} answers, {times}"
    felt = [outage.seconds for outage in log.outages if outage.who == who]
    if felt:
        found = percentiles(felt)
        yield (
            f"  {who}: {_listed(told.inside[who])} while down; felt {len(felt)} times, for {found['p50']:.1f} s in "
            f"the middle, {found['most']:.1f} s at most"
        )


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{what} x{count}" for what, count in sorted(counted.items())) or "nothing"
