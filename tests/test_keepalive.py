"""What stands between the server and Django, asked as a server asks."""

import io
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from sortie.keepalive import announcing_ends


class _Received(io.BytesIO):
    """What a server has received; a class of its own can be referred to weakly."""


def test_nothing_that_was_received_outlives_its_request() -> None:
    kept: list[dict[str, Any]] = []  # as by a request that refers to itself and waits to be collected

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        kept.append(environ)
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    received = _Received(b"piece")
    gone = weakref.ref(received)
    answer = announcing_ends(application)({"CONTENT_LENGTH": "5", "wsgi.input": received}, lambda *_: None)
    del received

    assert list(answer) == [b"piece"]
    assert gone() is None
    assert kept[0]["wsgi.input"].read() == b""
