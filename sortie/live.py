"""The live process: granian serving `sortie.asgi`. `python -m sortie.live` is what a cluster runs.

With `--with-parent` it ends when its standard input does: whoever started it is gone then, however that came.
"""

import os
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import MPServer

from sortie.web import LOG_AS_WE_DO, STOP_WITHIN, CannotStart, allow_open_files, become_worker, load

WITH_PARENT = "--with-parent"


def serve() -> int:
    """Serve until a signal says to stop; the exit status."""
    from django.conf import settings

    allow_open_files()
    server = MPServer(
        "sortie.asgi:application",
        address=settings.SORTIE_HOST,
        port=settings.SORTIE_LIVE_PORT,
        interface=Interfaces.ASGI,
        workers=settings.SORTIE_LIVE_WORKERS,
        http=HTTPModes.http1,
        websockets=True,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN,
        log_level=LogLevels.error,
        log_dictconfig=LOG_AS_WE_DO,
    )
    with suppress(SystemExit):
        server.serve(target_loader=_application, wrap_loader=False)
    return 0


def _application() -> Any:
    become_worker()
    return import_module("sortie.asgi").application


def _end_with_parent() -> None:
    # Not through sys.stdin: the server forks, and its child would inherit the lock of a read that never returns.
    while os.read(0, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    try:
        load()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    if WITH_PARENT in sys.argv[1:]:
        # The terminal's signals are for the parent, which ends us in its turn. Ignored would not do: granian takes
        # them for itself, and would start its workers anew when the terminal is closed, in the midst of ending.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
        threading.Thread(target=_end_with_parent, daemon=True).start()
    return serve()


if __name__ == "__main__":
    sys.exit(main())
