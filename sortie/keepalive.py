"""Say to a client that its connection ends with this answer, where the rest of a body is left unread.

The server hangs up on such a connection, and a client that has not heard of it sends its next request there, to
which no answer comes (RFC 9112, section 9.6). granian does not say it of bodies that an application leaves unread,
and an application may not (PEP 3333): so this stands between the two.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Body:
    """A request's body, with how much of it has been read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.position = 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self.position += len(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._stream.readline(size)
        self.position += len(line)
        return line

    def let_go(self) -> None:
        """End it. Whoever has this object has none of the server's memory any more."""
        self._stream = io.BytesIO()


def announcing_ends(application: Application) -> Application:
    """The application, whose answers say when they are the last ones of their connection."""

    def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH", "")
        if not length.isdecimal() or not int(length[:19]):
            return application(environ, start_response)
        body = environ["wsgi.input"] = _Body(environ["wsgi.input"])

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            if body.position < int(length[:19]):
                headers = [*headers, ("Connection", "close")]
            return start_response(status, headers, *error)

        try:
            return application(environ, start)
        finally:
            # Django's requests refer to themselves, and so live until they are collected; hundreds of clients had
            # the server keep what it had received of their last pieces, some 300 KB each.
            body.let_go()

    return answering
