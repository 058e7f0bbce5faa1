"""What happens to the portal while six clients upload. Each story ends with figures, of which two must be zero."""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from redis import Redis

from tests.proxy import FaultyProxy
from tests.soak import uploader
from tests.soak.outcome import Outcome
from tests.soak.tab import tab_killed
from tests.soak.world import World, alone, cluster, is_answering, on_a_small_disk, with_a_desktop
from tests.webm_samples import samples

READY_WITHIN = 150.0


def web_killed(world: World, times: int, *, hurry: bool = False) -> Outcome:
    """kill -9 of all web processes, each time after 0.3 to 1.5 seconds of work."""
    chance = random.Random(7)

    def kill() -> None:
        time.sleep(chance.uniform(0.3, 1.5))
        world.kill("web")
        world.web().start()

    return _told(world, "web killed", times, kill, hurry=hurry)


def answers_lost(world: World, times: int, *, hurry: bool = False) -> Outcome:
    """Of the answers to uploads 30 % are lost on their way, `times` of them."""
    with FaultyProxy(world.portal.url, lost_answers=0.3) as proxy:

        def wait() -> None:
            seen = proxy.lost
            while proxy.lost == seen:
                time.sleep(0.01)

        return _told(world, "answers lost", times, wait, through=proxy.endpoint, hurry=hurry)


def postgres_restarted(world: World, times: int, *, hurry: bool = False) -> Outcome:
    """The database ends without a goodbye, and is there again a moment later."""
    database = world.postgres
    assert database is not None

    # Without waiting for anybody, and without writing down where it was.
    database.stop_signal = signal.SIGQUIT

    def restart() -> None:
        time.sleep(1)
        database.stop()
        time.sleep(0.3)
        database.start()

    return _told(world, "PostgreSQL restarted", times, restart, allowed={503}, hurry=hurry)


def redis_lost(world: World, times: int, *, hurry: bool = False) -> Outcome:
    """The broker is killed, comes back empty, and is emptied once more."""
    broker = world.redis
    assert broker is not None

    def lose() -> None:
        time.sleep(0.5)
        broker.kill()
        time.sleep(0.5)
        broker.start()
        with Redis.from_url(broker.url) as client:
            client.flushall()

    return _told(world, "Redis killed, emptied", times, lose, allowed=set(), hurry=hurry)


def s3_stopped(world: World, times: int, *, hurry: bool = False) -> Outcome:
    """The object store is away for so many seconds. Uploads go on: what is complete waits on the portal's disk."""
    store = world.s3
    assert store is not None
    time_away = iter([lambda: time.sleep(1), store.kill, *[lambda: time.sleep(1)] * times, store.start])
    return _told(world, "S3 stopped (seconds)", times + 3, lambda: next(time_away)(), allowed=set(), hurry=hurry)


def disk_filled(world: World, times: int, *, hurry: bool = False) -> Outcome:
    """`times` uploads of 40 MB fill a disk of 64 MB; when none of them can go on, the disk becomes larger."""
    assert world.small is not None
    stop, pages = threading.Event(), {True: 0, False: 0}

    def look_at_pages() -> None:
        while not stop.wait(0.2):
            pages[is_answering(world.portal)] += 1

    uploads = [threading.Thread(target=world.client(n).upload, args=(large(n),)) for n in range(times)]
    looking = threading.Thread(target=look_at_pages)
    for thread in (looking, *uploads):
        thread.start()
    _until(lambda: world.ledger.statuses[507] > 10 * times, within=60)
    filled = world.ledger.statuses[507]
    subprocess.run(["mount", "-o", "remount,size=512m", world.small], check=True)
    for thread in uploads:
        thread.join(timeout=120)
    stop.set()
    looking.join()
    outcome = _outcome(world, "staging disk full", filled, allowed={507}, hurry=hurry)
    if not filled or pages[False]:
        outcome.broken.append(
            f"{filled} answers with 507; {pages[False]} of {sum(pages.values())} pages did not come"
        )
    return outcome


def worker_killed(world: World, times: int, *, hurry: bool = False) -> Outcome:
    """kill -9 of the worker while it makes pictures."""
    chance = random.Random(11)
    samples()

    def kill() -> None:
        time.sleep(chance.uniform(0.2, 1.5))
        world.kill("worker")
        world.portal.processes["worker"].start()

    outcome = _told(world, "worker killed", times, kill, make=moving, hurry=hurry)

    def without() -> list[str]:
        made = world.pictures()
        return [pk for pk in world.ledger.whole if made[pk] != 2]

    world.settle(lambda: not without(), within=READY_WITHIN, hurry=hurry)
    if without():
        outcome.broken.append(f"{len(without())} of {len(world.ledger.whole)} recordings have not two pictures")
    return outcome


def moving(seed: int) -> bytes:
    """A real recording, each with a tail of its own that counts for its SHA-256 and is no block."""
    return samples()["vp8"].read_bytes() + seed.to_bytes(8, "big")


def large(seed: int) -> bytes:
    return uploader.noise(seed, blocks=200)


@dataclass(frozen=True)
class Story:
    """`times`: how often it happens in the long run; `short`: in the one that every test run has, 0 if its short
    version is told elsewhere."""

    tell: Callable[..., Outcome]
    where: Callable[[], AbstractContextManager[World]]
    times: int
    short: int


STORIES = {
    "web": Story(web_killed, cluster, 200, 3),
    "web-alone": Story(web_killed, alone, 200, 3),
    "answers": Story(answers_lost, cluster, 2000, 30),
    "answers-alone": Story(answers_lost, alone, 2000, 30),
    "postgres": Story(postgres_restarted, cluster, 20, 2),
    "redis": Story(redis_lost, cluster, 20, 3),
    "s3": Story(s3_stopped, cluster, 60, 3),
    "worker": Story(worker_killed, cluster, 100, 2),
    "disk": Story(disk_filled, on_a_small_disk, 3, 3),
    "tab": Story(tab_killed, with_a_desktop, 10, 0),
}


def _told(
    world: World,
    story: str,
    times: int,
    fault: Callable[[], None],
    *,
    make: Callable[[int], bytes] = uploader.noise,
    through: str = "",
    allowed: set[int] | None = None,
    hurry: bool = False,
) -> Outcome:
    with world.uploads(make, through=through):
        for _ in range(times):
            fault()
    return _outcome(world, story, times, allowed=allowed, hurry=hurry)


def _outcome(
    world: World, story: str, faults: int, *, allowed: set[int] | None, hurry: bool, broken: list[str] | None = None
) -> Outcome:
    ledger = world.ledger
    began = time.monotonic()
    sent = ledger.whole
    world.settle(lambda: world.look().ready(set(sent)), within=READY_WITHIN, hurry=hurry)
    took = time.monotonic() - began
    left = world.look()
    refusals = {status: count for status, count in sorted(ledger.statuses.items()) if status >= 400}
    broken = [*(broken or []), *ledger.complaints]
    if allowed is not None and set(refusals) - allowed - {409}:
        broken.append(f"Answers that should not have been: {refusals}")
    if len(sent) < 3:
        broken.append(f"Only {len(sent)} recordings were uploaded.")
    different, twice = left.differing(sent), left.twice(sent)
    if ledger.bytes_lost or different or twice:
        broken.append("Bytes were lost, or recordings differ.")
    return Outcome(
        story=story,
        faults=faults,
        recordings=len(sent),
        megabytes=ledger.bytes_acknowledged / 1e6,
        unanswered=ledger.unanswered,
        besides=" ".join(f"{status}x{count}" for status, count in refusals.items()),
        bytes_lost=ledger.bytes_lost,
        different=len(different),
        twice=twice,
        ready_after=took,
        broken=broken,
    )


def _until(true: Callable[[], bool], *, within: float) -> None:
    deadline = time.monotonic() + within
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
