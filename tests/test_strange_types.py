"""Types of content that Django itself cannot make a request of: refused in words, over real connections."""

import json
from collections.abc import Iterator

import pytest

from tests.live import Web, database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only("single")]

STRANGE = [
    *(f"text/plain; charset={name}" for name in ("hex", "base64", "zlib", "rot13", "bz2", "uu", "quopri", "HEX")),
    *(f'application/json; charset="{name}"' for name in ("punycode", "idna", "undefined", "utf-16", "utf-7")),
    "text/plain; charset=unicode_escape; charset=hex",
    "text/plain; charset*=utf-8''hex",
    "text/plain; name*=idna''x%20",
    "text/plain; name*=nonsense''x",
]
PLAIN = ["application/json; charset=utf-8", "text/plain; charset=ISO-8859-1", "text/plain; charset", "; ;=", ""]


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with Web(database_url()) as server:
        yield server


def asked(web: Web, path: str, content_type: str) -> tuple[int, str, bytes]:
    """Status, type and body of the answer."""
    with web.connected() as wire:
        wire.head("POST", path, {"Content-Type": content_type, "Content-Length": 0, "Connection": "close"})
        status, headers, body = wire.answer()
        return status, headers.get("Content-Type", ""), body


@pytest.mark.parametrize("content_type", STRANGE)
def test_the_api_refuses_it_with_a_problem_and_a_page_with_a_page(web: Web, content_type: str) -> None:
    for query in ("", "?q=%ff+abc"):
        status, kind, body = asked(web, f"/api/auth/login{query}", content_type)
        assert (status, kind) == (415, "application/problem+json")
        assert json.loads(body)["status"] == 415
        status, kind, body = asked(web, f"/login{query}", content_type)
        assert (status, kind) == (415, "text/html; charset=utf-8")
        assert b"UTF-8" in body


@pytest.mark.parametrize("content_type", PLAIN)
def test_what_can_be_read_is_looked_at(web: Web, content_type: str) -> None:
    assert asked(web, "/api/auth/login?q=%ff", content_type)[0] in (400, 415)
    assert b"Content-Type" not in asked(web, "/api/auth/login?q=%ff", content_type)[2]
    assert asked(web, "/login?q=%ff", content_type)[0] == 403
