"""Whether the parts that Sortie needs can be used, each in a sentence: quickly, whatever hangs.

Each part is looked at in a thread of its own. One that does not answer in time is reported and not asked again
before it has answered, so that a store that hangs does not fill the process with threads.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db import Error, connection, connections
from django.db.migrations.executor import MigrationExecutor

from recordings import storage
from recordings.ingest import staging

logger = logging.getLogger(__name__)

ANSWERS_WITHIN = 3.0
FRESH_FOR = 5.0
_BROKER_ANSWERS_WITHIN = 2.0


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a part: `summary` for anybody, `detail` with names and addresses for operators."""

    summary: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.summary} {self.detail}".strip()


Look = Callable[[], Trouble | None]


class Health:
    """The state of `parts`, each named and with a function that looks at it; remembered for some seconds."""

    def __init__(
        self,
        parts: Mapping[str, Look],
        *,
        within: float = ANSWERS_WITHIN,
        fresh_for: float = FRESH_FOR,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts, self._within, self._fresh_for, self._clock = parts, within, fresh_for, clock
        self._one_at_a_time = threading.Lock()
        self._looks: dict[str, _Looking] = {}
        self._known: dict[str, Trouble | None] = {}
        self._looked_at = float("-inf")

    def state(self) -> dict[str, Trouble | None]:
        """Each part with what is wrong with it, None if nothing is. Takes at most `within` seconds."""
        with self._one_at_a_time:
            if self._clock() - self._looked_at >= self._fresh_for:
                self._tell_changes(dict(self._look()))
                self._looked_at = self._clock()
            return dict(self._known)

    def _look(self) -> Iterator[tuple[str, Trouble | None]]:
        deadline = time.monotonic() + self._within
        for name, look in self._parts.items():
            if name not in self._looks:
                self._looks[name] = _Looking(name, look)
                self._looks[name].start()
        for name in self._parts:
            looking = self._looks[name]
            looking.join(max(0.0, deadline - time.monotonic()))
            if looking.is_alive():
                yield name, Trouble(f"No answer within {self._within:g} seconds.")
            else:
                del self._looks[name]
                yield name, looking.found

    def _tell_changes(self, found: dict[str, Trouble | None]) -> None:
        for name, trouble in found.items():
            if trouble and trouble != self._known.get(name):
                logger.warning("%s: %s", name, trouble)
            elif self._known.get(name) and not trouble:
                logger.warning("%s: works again.", name)
        self._known = found


class _Looking(threading.Thread):
    """One look at a part. A daemon: it may hang while the process is to end."""

    def __init__(self, name: str, look: Look) -> None:
        super().__init__(name=f"health-{name}", daemon=True)
        self._look = look
        self.found: Trouble | None = None

    def run(self) -> None:
        try:
            self.found = self._look()
        except Error as error:
            self.found = Trouble("The database cannot be reached.", str(error).strip())
        except Exception as error:  # whatever it is, it is what keeps the part from working
            logger.exception("Looking at a part went wrong")
            self.found = Trouble("Looking at it went wrong.", f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()


# --- The parts --------------------------------------------------------------------------------------------------


def _database() -> Trouble | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


class _Migrations:
    """Looked for until they are all there: an older version may run on with those of a newer one."""

    def __init__(self) -> None:
        self._complete = False

    def __call__(self) -> Trouble | None:
        if self._complete:
            return None
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        self._complete = not missing
        if self._complete:
            return None
        many = "1 migration is" if missing == 1 else f"{missing} migrations are"
        return Trouble(f"{many} still to be run: manage.py migrate.")


def _store() -> Trouble | None:
    if not (settings.SORTIE_VIDEO_RECORDING_ENABLED or settings.SORTIE_TERMINAL_RECORDING_ENABLED):
        return None
    problems = storage.current_store().check()
    return Trouble("The store of recordings cannot be used.", " ".join(problems)) if problems else None


def _staging() -> Trouble | None:
    problems = staging.current().check()
    if not problems and staging.disk_is_full():
        return Trouble("The disk is full: what was acknowledged is kept, but no upload can be begun.")
    return Trouble("Uploads cannot be taken in.", " ".join(problems)) if problems else None


def _broker() -> Trouble | None:
    if not settings.REDIS_URL:
        return None
    wait = _BROKER_ANSWERS_WITHIN
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=wait, socket_timeout=wait) as broker:
            broker.ping()
    except (redis.RedisError, OSError) as error:
        return Trouble("The broker cannot be reached: work is done, but later.", str(error))
    return None


PARTS: dict[str, Look] = {
    "database": _database,
    "migrations": _Migrations(),
    "store": _store,
    "staging": _staging,
    "broker": _broker,
}
portal = Health(PARTS)
