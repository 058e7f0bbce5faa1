"""A Celery worker and beat as threads of this process: background work with no broker to install."""

import logging
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize

from celery import Celery
from celery.beat import Service
from celery.worker import WorkController, state

logger = logging.getLogger(__name__)

_STOP_WITHIN = 8.0
_RESTART_AFTER = 5.0


class InProcessWorker:
    """Does what `celery worker` and `celery beat` do, for messages that are sent in this process.

    One a process: Celery keeps the wish to stop in a global.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._beat: Service | None = None
        self._threads = [
            threading.Thread(target=self._keep, args=(run,), name=name, daemon=True)
            for name, run in (("celery-worker", self._work), ("celery-beat", self._tick))
        ]

    def start(self) -> None:
        """Start both, and stop them when the process ends."""
        for thread in self._threads:
            thread.start()
        # atexit does not run in the children of multiprocessing, which the server's processes are; this does.
        Finalize(None, self.stop, exitpriority=100)

    def stop(self) -> None:
        """Let the job in hand come to its end, for some seconds; what is cut off is done again from its row."""
        self._stopping.set()
        if self._beat is not None:
            self._beat.stop()
        state.should_stop = 0
        # The worker looks whether it should stop after a message or two seconds, then waits for one more of them.
        for _ in range(2):
            self._app.control.broadcast("ping")
        for thread in self._threads:
            thread.join(_STOP_WITHIN)

    def _keep(self, run: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                run()
            except Exception:
                logger.exception("Background work broke off; it starts again in %d seconds.", _RESTART_AFTER)
            self._stopping.wait(_RESTART_AFTER)

    def _work(self) -> None:
        WorkController(
            app=self._app,
            hostname="sortie@localhost",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        ).start()

    def _tick(self) -> None:
        # It looks whether it should stop after each of its naps.
        self._beat = Service(
            self._app, max_interval=0.5, scheduler_cls=self._app.conf.beat_scheduler, remote_control=False
        )
        self._beat.start()
