"""The web process: granian serving `sortie.wsgi`. `python -m sortie.web` is what a cluster runs."""

import atexit
import gc
import http.client
import multiprocessing
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import django
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from sortie import keepalive

# What a load balancer and a person at the keyboard wait for; requests and jobs in hand have this long to end.
STOP_WITHIN = 10
# What granian has to say goes where everything goes.
LOG_AS_WE_DO = {"formatters": {}, "handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}}
_ANSWER_WITHIN = 60.0
_OPEN_FILES = 8192


class CannotStart(Exception):
    """What is wrong and how to mend it, for the person who starts Sortie."""


def load() -> None:
    """Read the settings and load the app, before any process is forked, so that mistakes are told at once.

    Raises:
        CannotStart: a setting is wrong, or a system check found an error.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sortie.settings")
    _count_together()
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise CannotStart(str(error)) from error
    serious = [found for found in checks.run_checks() if found.is_serious()]
    if serious:
        lines = "\n".join(f"  - {found.msg} {found.hint or ''} ({found.id})" for found in serious)
        raise CannotStart(f"Sortie cannot start:\n{lines}")


def _count_together() -> None:
    """Give the processes of this server a folder for `recordings.meters`, which must not have been imported yet."""
    folder = tempfile.mkdtemp(prefix="sortie-meters-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder


def check_address(host: str, port: int, *, alone: bool) -> None:
    """Raises CannotStart if nothing can listen there; with `alone` also if somebody does."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As the server does it: connections of an earlier run that are still being closed do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not alone:
            # granian shares its port with others of its kind, which is of use only where it is meant.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(f"Port {port} of {host} cannot be used: {error.strerror}.") from error


def serve(announce: Callable[[bool], None] | None = None) -> int:
    """Serve until a signal says to stop; the exit status. `announce` is told whether the portal answers."""
    allow_open_files()
    server = _Server(announce)
    # granian's way to say that a process of its own ended first; a signal to the whole group may do that.
    with suppress(SystemExit):
        server.serve(target_loader=_application, wrap_loader=False)
    return server.status


class _Server(MPServer):
    def __init__(self, announce: Callable[[bool], None] | None) -> None:
        from django.conf import settings

        super().__init__(
            "sortie.wsgi:application",
            address=settings.SORTIE_HOST,
            port=settings.SORTIE_PORT,
            interface=Interfaces.WSGI,
            workers=settings.SORTIE_WEB_WORKERS,
            # A slow upload holds a thread for as long as it takes; idle ones cost next to nothing.
            blocking_threads=settings.SORTIE_WEB_THREADS,
            http=HTTPModes.http1,
            # Counts open connections, idle ones too, not requests: it must be far above the threads.
            backpressure=4096,
            backlog=2048,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_WITHIN,
            # Below that it warns of the number of threads.
            log_level=LogLevels.error,
            log_dictconfig=LOG_AS_WE_DO,
        )
        self._announce = announce
        self._asked_to_stop = False

    @property
    def status(self) -> int:
        """0 when asked to stop, by Ctrl-C too, or else `make` would report a failure; 1 when it ended by itself."""
        return 0 if self._asked_to_stop else 1

    def signal_handler_interrupt(self, signum: int, frame: Any) -> None:
        self._asked_to_stop = True
        super().signal_handler_interrupt(signum, frame)  # type: ignore[no-untyped-call]

    def startup(self, spawn_target: Any, target_loader: Any) -> None:
        at_hangup = signal.getsignal(signal.SIGHUP)
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        # granian would start anew when the terminal is closed. `nohup` is obeyed.
        signal.signal(signal.SIGHUP, at_hangup if at_hangup == signal.SIG_IGN else self.signal_handler_interrupt)
        if self._announce is not None:
            threading.Thread(target=self._wait_for_answer, args=(self._announce,), daemon=True).start()

    def _wait_for_answer(self, announce: Callable[[bool], None]) -> None:
        deadline = time.monotonic() + _ANSWER_WITHIN
        while not self.interrupt_signal and time.monotonic() < deadline:
            if _answers(self.bind_addr, self.bind_port):
                announce(True)
                return
            time.sleep(0.05)
        if not self.interrupt_signal:
            announce(False)


def _application() -> Any:
    become_worker()
    application = keepalive.announcing_ends(import_module("sortie.wsgi").application)
    # What is loaded stays: no collection need look through it again, with all threads waiting for it.
    gc.collect()
    gc.freeze()
    return application


def become_worker() -> None:
    """Run in a process that serves, before it does: it will end when its parent is gone."""
    # The terminal's signals are for the parent, which then sends SIGTERM; of two at once granian may lose both.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        # A worker that was just being started did not hear that yet, and would serve for ever.
        time.sleep(STOP_WITHIN)
        os.kill(os.getpid(), signal.SIGKILL)


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=5)  # noqa: S104
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def allow_open_files() -> None:
    """A connection is an open file, and macOS allows 256 by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> int:
    try:
        load()
        from django.conf import settings

        check_address(settings.SORTIE_HOST, settings.SORTIE_PORT, alone=False)
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return serve()


if __name__ == "__main__":
    sys.exit(main())
