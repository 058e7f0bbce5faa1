"""A cluster as `docker compose up --scale` makes one, with people in it, and the crowd that they are."""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import psycopg

from tests.composed import Composed
from tests.portal import run_python
from tests.soak.pairs import screen
from tests.soak.pairs.heard import Down, Log
from tests.soak.pairs.material import drawn, sounding
from tests.soak.pairs.recorders import WHO, Promises, Recorder
from tests.soak.pairs.watchers import DESKTOP, WATCHER, Browser, Looker, Person, Watcher
from tests.soak.pairs.wire import Line

TWO = {"web": 2, "live": 2, "worker": 2}
ADMIN, PASSWORD = "ada", "soak-and-a-long-password"
USERS = [f"user-{number}" for number in range(10)]
"""Twenty recorders each, of the fifty uploads that one may have under way."""
VIDEO_EVERY = 10
"""One in so many records pictures, the others sound: what cuts posters out of them has the same two cores."""
JOINED_WITHIN = 120.0
SIGN_IN_AT_ONCE = 4
PEOPLE = """
import json
from django.contrib.auth.hashers import make_password
from recordings import tokens
from recordings.audit import SORTIE
from recordings.ingest.start import open_session
from recordings.models import User
from recordings.models.session import SessionKind
made, hashed = {}, make_password(password)
for name in (admin, *users):
    user = User.objects.create(username=name, password=hashed, is_superuser=name == admin, is_staff=name == admin)
    token = tokens.create_for_login(user, SORTIE, agent="soak")[0]
    desktop = open_session(owner=user, by=SORTIE, app_id="soak", kind=SessionKind.DESKTOP, target=target)
    made[name] = [token, str(open_session(owner=user, by=SORTIE, app_id="soak").pk), str(desktop.pk)]
print(json.dumps(made))
"""


@dataclass(frozen=True)
class Crowd:
    """How many there are of each, and how many turns of a recording of some five seconds a recorder makes."""

    recorders: int
    watchers: int
    lookers: int
    turns: range


@dataclass
class Cluster:
    composed: Composed
    admin: Person = field(init=False)
    people: list[Person] = field(init=False)
    log: Log = field(default_factory=Log)
    promises: Promises = field(default_factory=Promises)

    @property
    def url(self) -> str:
        return self.composed.nginx.url

    def kill(self, name: str, *, seconds: float) -> Down:
        """End a process and all it has begun at once, and start it again after so many seconds."""
        container = self.composed.containers[name]
        began = time.monotonic()
        with suppress(ProcessLookupError):
            os.killpg(container.pid, signal.SIGKILL)
        container.kill()
        time.sleep(seconds)
        container.start()
        return Down(name, began, time.monotonic())

    @contextmanager
    def crowded(self, crowd: Crowd, *, gather: float) -> Iterator[None]:
        """A crowd that comes within `gather` seconds, stays while the block lasts, and ends what it has begun."""
        over = threading.Event()
        browsers = [self._browser(number) for number in range(crowd.watchers + crowd.lookers)]
        with ThreadPoolExecutor(SIGN_IN_AT_ONCE) as pool:
            # Passwords are hard to check: that is measured elsewhere.
            list(pool.map(Browser.sign_in, browsers))
        runs = self._runs(crowd, browsers)
        random.shuffle(runs)
        threads = [threading.Thread(target=run, args=(over,), daemon=True) for run in runs]
        for thread in threads:
            thread.start()
            time.sleep(gather / len(threads))
        try:
            yield
        finally:
            over.set()
            deadline = time.monotonic() + JOINED_WITHIN
            for thread in threads:
                thread.join(timeout=max(0.0, deadline - time.monotonic()))
            if late := sum(thread.is_alive() for thread in threads):
                self.log.complaints.append(f"{late} clients did not come to their end.")

    def _runs(self, crowd: Crowd, browsers: list[Browser]) -> list[Callable[[threading.Event], None]]:
        sound, pictures = sounding(), drawn()
        runs: list[Callable[[threading.Event], None]] = []
        for number in range(crowd.recorders):
            person = self.people[number % len(self.people)]
            line = self._line(WHO, {"Authorization": f"Bearer {person.token}"})
            loop = sound if number % VIDEO_EVERY else pictures
            runs.append(Recorder(line, loop, person.session, self.promises, self.log, crowd.turns).run)
        runs += [Watcher(browser, self.log).run for browser in browsers[crowd.lookers :]]
        for browser in browsers[: crowd.lookers]:
            line = self._line(DESKTOP, {})
            runs.append(Looker(browser, line, self.url, browser.person.desktop, self.log).run)
        return runs

    def _browser(self, number: int) -> Browser:
        person = self.people[number % len(self.people)]
        return Browser(self._line(WATCHER, {}), person, PASSWORD)

    def _line(self, who: str, headers: dict[str, str]) -> Line:
        return Line(self.url, who, self.log, headers)

    def manage(self, script: str) -> str:
        """What a script prints in Django's shell."""
        variables = self.composed.containers["web"].variables
        return run_python(variables, "manage.py", "shell", "-v0", "-c", script)

    def client(self) -> httpx.Client:
        """The API as an admin sees it."""
        bearer = {"Authorization": f"Bearer {self.admin.token}"}
        return httpx.Client(base_url=self.url, headers=bearer, timeout=60)


@contextmanager
def running() -> Iterator[Cluster]:
    """Two of each process, and nothing of theirs on a disk that has to outlive them."""
    with screen.running() as target, Composed(TWO) as composed:
        # As it comes, and not as for other tests: what was committed survives.
        with psycopg.connect(composed.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("ALTER DATABASE sortie SET synchronous_commit = on")
        cluster = Cluster(composed)
        given = f"admin, users, password, target = {(ADMIN, USERS, PASSWORD, target)!r}\n"
        made = json.loads(cluster.manage(given + PEOPLE).splitlines()[-1])
        cluster.admin, *cluster.people = [Person(name, *facts) for name, facts in made.items()]
        yield cluster
