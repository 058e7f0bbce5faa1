"""One client's connection to nginx, on which everything that comes of a request is written down."""

import http.client
import time
from collections.abc import Mapping
from email.message import Message
from urllib.parse import urlsplit

from tests.soak.pairs.heard import Answer, Log, Outage

TIMEOUT = 30.0
_BROKEN = (OSError, http.client.HTTPException)


class Line:
    """`who` names its kind of client; `headers` go with every request."""

    def __init__(self, url: str, who: str, log: Log, headers: Mapping[str, str]) -> None:
        self._who, self._log, self.headers = who, log, dict(headers)
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT)
        self._failing_since: float | None = None

    def ask(
        self,
        what: str,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[int, Message, bytes]:
        """Status, headers and body; status 0 where the connection broke. `what` names the request in figures."""
        began = time.monotonic()
        try:
            self._connection.request(method, path, body, {**self.headers, **(headers or {})})
            answer = self._connection.getresponse()
            status, said, content = answer.status, answer.headers, answer.read()
        except _BROKEN:
            self._connection.close()
            status, said, content = 0, http.client.HTTPMessage(), b""
        self.note(what, began, status)
        return status, said, content

    def note(self, what: str, began: float, status: int) -> None:
        answer = Answer(self._who, what, began, time.monotonic(), status)
        self._log.answers.append(answer)
        if answer.is_error:
            self._failing_since = self._failing_since or began
        elif self._failing_since is not None:
            self._log.outages.append(Outage(self._who, self._failing_since, answer.ended))
            self._failing_since = None

    def close(self) -> None:
        self._connection.close()
