"""kill -9 of the terminal recorder, and of what sends its recordings, again and again."""

import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.capture import sending
from tests.capture.killing import ALLOWED_SECONDS, Killed, kill_exec, kill_rec, kill_upload, kill_watch
from tests.capture.tus_stub import TusStub
from tests.capture.user import run
from tests.portal import running
from tests.proxy import FaultyProxy

NAME = "recorder"
TIMES = 50
LEAST_SECONDS, MOST_SECONDS = 0.2, 2.5
TITLES = ("recorder", "kills", "missing, median", "missing, most", "cut lines", "lost", "twice")


@dataclass
class Figures:
    """`missing`: seconds each, of what was seen before a kill; `lost` and `twice`: recordings at the portal."""

    story: str
    kills: int
    missing: list[float]
    cut: int = 0
    lost: int = 0
    twice: int = 0

    @property
    def broken(self) -> bool:
        return bool(self.lost or self.twice or max(self.missing, default=0) >= ALLOWED_SECONDS)


def rec_killed(times: int, chance: Random) -> Figures:
    """A recorded shell."""
    with home_folder() as home:
        killed = [kill_rec(home, chance, least=LEAST_SECONDS, most=MOST_SECONDS) for _ in range(times)]
    return of_recordings("sortie rec", killed)


def exec_killed(times: int, chance: Random) -> Figures:
    """Commands of one session, which goes on each time."""
    with home_folder() as home:
        killed = [
            kill_exec(home, chance, least=LEAST_SECONDS, most=MOST_SECONDS, session="soak") for _ in range(times)
        ]
        assert run(home, "exec", "--session", "soak", "--end").returncode == 0
        shown = run(home, "export", "soak").stdout.count(b"$ i=0;")
    figures = of_recordings("sortie exec", killed)
    figures.lost = times - shown
    return figures


def upload_killed(times: int, chance: Random) -> Figures:
    """An upload to a real portal, called again after each kill."""
    figures = Figures("sortie upload", times, [])
    with (
        home_folder() as home,
        running("single") as portal,
        FaultyProxy(portal.url, bytes_per_second=6_000_000) as line,
    ):
        client = sending.log_in(home, portal, line.endpoint)
        for _ in range(times):
            digest = hashlib.sha256(kill_upload(home, line, chance)).hexdigest()
            path = home / f"{digest}.webm"
            done = run(home, "upload", str(path))
            arrived = done.returncode == 0 and sending.recording_at(client, done)["sha256"] == digest
            figures.lost += not arrived
            figures.twice += max(0, sending.count(client, path.name) - 1)
            path.unlink()
    return figures


def watch_killed(times: int, chance: Random) -> Figures:
    """A folder that is watched, with one more file each time."""
    with home_folder() as home, TusStub() as stub:
        sending.keep_login(home, stub.url)
        spool = home / "spool"
        spool.mkdir()
        files = [kill_watch(home, spool, stub, chance) for _ in range(times)]
        run(home, "watch", "--once", str(spool))
        wanted = {path.read_bytes() for path in files}
        arrived = stub.contents
    figures = Figures("sortie watch", times, [])
    figures.lost, figures.twice = len(wanted - set(arrived)), len(arrived) - len(set(arrived))
    return figures


STORIES: tuple[Callable[[int, Random], Figures], ...] = (rec_killed, exec_killed, upload_killed, watch_killed)


def soak(share: float) -> bool:
    """Tell all of them and print the figures. True if a promise was broken."""
    chance = Random(7)
    times = max(1, round(TIMES * share))
    told = []
    for story in STORIES:
        began = time.monotonic()
        print(f"{NAME}: {story.__name__}, {times} times ...", file=sys.stderr, flush=True)
        told.append(story(times, chance))
        print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(table(told)))
    return any(figures.broken for figures in told)


def table(told: list[Figures]) -> Iterator[str]:
    yield "".join(title.ljust(17) for title in TITLES)
    for it in told:
        median = f"{statistics.median(it.missing) * 1000:.0f} ms" if it.missing else ""
        most = f"{max(it.missing) * 1000:.0f} ms" if it.missing else ""
        cells = (it.story, it.kills, median, most, it.cut, it.lost, it.twice)
        yield "".join(str(cell).ljust(17) for cell in cells) + ("BROKEN" if it.broken else "")


def of_recordings(story: str, killed: list[Killed]) -> Figures:
    return Figures(story, len(killed), [one.missing for one in killed], cut=sum(one.cut for one in killed))


@contextmanager
def home_folder() -> Iterator[Path]:
    """That of a user who has recorded nothing yet."""
    with tempfile.TemporaryDirectory(prefix="sortie-soak-") as folder:
        yield Path(folder)
