"""Probes of processes that serve nothing else: worker and beat, at SORTIE_PROBE_PORT."""

import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connections

from sortie import probes

logger = logging.getLogger(__name__)

_HEARD_WITHIN = 10.0


def start(ailment: Callable[[], str] = lambda: "") -> None:
    """Answer from now on, if a port is set and no web process does so here. `ailment` is as in `probes.answer`."""
    if not settings.SORTIE_PROBE_PORT or settings.SORTIE_IN_PROCESS_WORKER:
        return
    try:
        server = ProbeServer(settings.SORTIE_HOST, settings.SORTIE_PROBE_PORT, ailment)
    except OSError as error:
        logger.error("Nobody can probe this process: SORTIE_PROBE_PORT cannot be used: %s", error)
        return
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()


class ProbeServer(ThreadingHTTPServer):
    """Threads are enough for one who asks every few seconds."""

    daemon_threads = True

    def __init__(self, host: str, port: int, ailment: Callable[[], str]) -> None:
        super().__init__((host, port), _Handler)
        self.ailment = ailment


class _Handler(BaseHTTPRequestHandler):
    timeout = _HEARD_WITHIN
    server: ProbeServer

    def do_GET(self) -> None:  # noqa: N802  (the name is the library's)
        address = urlsplit(self.path)
        question = probes.Question(address.path, address.query, self.headers.get("Authorization", ""))
        try:
            answer = probes.answer(question, ailment=self.server.ailment) or probes.NOT_HERE
        finally:
            connections.close_all()
        self.send_response_only(answer.status)
        headers = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body)), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the library's)
        """Probes are no news."""
