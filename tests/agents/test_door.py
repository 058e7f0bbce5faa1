"""Who gets to `/mcp` at all: the right name, no page of another site, a valid token, and a request of its kind."""

from collections import Counter
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from pytest_django import Settings

from sortie import asgi
from tests.agents.client import in_a_loop, live_address, over_http
from tests.agents.house import House

HELLO = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def knock(house: House, token: str | None, **headers: str) -> httpx.Response:
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.post(live_address(house.portal), json=HELLO, headers={**JSON, **shown, **headers}, timeout=60)


@pytest.mark.only("single")
def test_only_a_valid_token_opens(house: House) -> None:
    assert knock(house, house.tokens["alice"]).status_code == 200
    for answer in (
        knock(house, None),
        knock(house, "sortie_nothing"),
        knock(house, house.tokens["over"]),
        knock(house, None, Authorization=f"Basic {house.tokens['alice']}"),
        knock(house, None, Cookie="sortie=x"),
    ):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Sortie"'
        assert answer.headers["X-Request-ID"]
        assert answer.json()["status"] == 401


@pytest.mark.only("single")
def test_pages_of_other_sites_and_other_names_are_sent_away(house: House) -> None:
    token = house.tokens["alice"]
    ours = house.portal.url
    assert knock(house, token, Origin=ours).status_code == 200
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"):
        assert knock(house, token, Origin=origin).status_code == 403
    for host in ("evil.example", "evil.example:80", "", "127.0.0.1.evil.example"):
        assert knock(house, token, Host=host).status_code in (400, 421)
    assert knock(house, token, Host="localhost").status_code == 200


@pytest.mark.only("single")
def test_what_is_too_large_or_no_question_is_refused(house: House) -> None:
    shown = {"Authorization": f"Bearer {house.tokens['alice']}"}
    address = live_address(house.portal)
    large = httpx.post(address, content=b'"' + b"x" * 300_000 + b'"', headers={**JSON, **shown}, timeout=60)
    assert large.status_code == 413
    assert httpx.post(address, content=b"{", headers={**JSON, **shown}, timeout=60).status_code == 400
    for method in ("GET", "DELETE", "PUT"):
        answer = httpx.request(method, address, headers={**JSON, **shown}, timeout=60)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert httpx.get(f"{address}/", timeout=60).status_code == 404


@pytest.mark.only("single")
def test_it_is_not_there_where_nothing_is_recorded(settings: Settings) -> None:
    settings.SORTIE_VIDEO_RECORDING_ENABLED = settings.SORTIE_TERMINAL_RECORDING_ENABLED = False
    said: list[dict[str, Any]] = []

    async def hear(message: dict[str, Any]) -> None:
        said.append(message)

    async def ask_there() -> None:
        scope = {"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": []}
        await asgi.application(scope, None, hear)

    in_a_loop(ask_there)
    assert said[0]["status"] == 404


def test_many_ask_at_once_and_each_as_themselves(house: House) -> None:
    async def all_at_once() -> list[tuple[str, bool]]:
        refused: list[tuple[str, bool]] = []

        async def show(name: str, client: Client) -> None:
            refused.append((name, (await client.call_tool("recording_show", {"id": house.recording})).is_error))

        async with (
            over_http(house.portal, house.tokens["alice"]) as alice,
            over_http(house.portal, house.tokens["bob"]) as bob,
            anyio.create_task_group() as group,
        ):
            for _ in range(20):
                group.start_soon(show, "alice", alice)
                group.start_soon(show, "bob", bob)
        return refused

    assert Counter(in_a_loop(all_at_once)) == {("alice", False): 20, ("bob", True): 20}
