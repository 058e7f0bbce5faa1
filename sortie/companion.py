"""The live process beside the web process of one machine: started with it, kept running, and ended with it."""

import logging
import subprocess
import sys
import threading

from sortie import live

logger = logging.getLogger(__name__)

_RESTART_AFTER = 2.0
_END_WITHIN = 12.0


class Companion:
    """Runs `python -m sortie.live` as a process of its own until `stop`."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; return when it has ended."""
        self._stopping.set()
        self._end()
        self._thread.join(_END_WITHIN)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            # Its input is a pipe that we never write to, and that ends with us.
            self._process = subprocess.Popen(  # noqa: S603  (a program of ours)
                [sys.executable, "-m", "sortie.live", live.WITH_PARENT], stdin=subprocess.PIPE
            )
            if self._stopping.is_set():
                self._end()
            status = self._process.wait()
            if not self._stopping.is_set():
                logger.error("The live process ended with %d; it starts again.", status)
                self._stopping.wait(_RESTART_AFTER)

    def _end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
