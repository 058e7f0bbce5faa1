"""An agent: the official MCP client over stdio or HTTP, asked from tests without a loop of their own."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from tests.portal import ROOT, Portal

Answer = TypeVar("Answer")
Way = Callable[[Portal, str], Any]


def live_address(portal: Portal) -> str:
    return f"http://127.0.0.1:{portal.variables['SORTIE_LIVE_PORT']}/mcp"


@asynccontextmanager
async def over_http(portal: Portal, token: str, *, mode: str = "auto") -> AsyncIterator[Client]:
    async with (
        # It is http: reading all certificates that there are, each time, is most of what a call costs.
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60, verify=False) as http,
        Client(streamable_http_client(live_address(portal), http_client=http), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(portal: Portal, token: str) -> AsyncIterator[Client]:
    variables = {**portal.variables, "SORTIE_TOKEN": token}
    program = StdioServerParameters(command=sys.executable, args=["manage.py", "mcp"], env=variables, cwd=ROOT)
    async with Client(stdio_client(program)) as client:
        yield client


def ask(way: Way, portal: Portal, token: str, asked: Callable[[Client], Awaitable[Answer]]) -> Answer:
    """What a client that came this `way` got."""

    async def run() -> Answer:
        async with way(portal, token) as client:
            return await asked(client)

    return in_a_loop(run)


def in_a_loop(asked: Callable[[], Awaitable[Answer]]) -> Answer:
    """In a thread of its own: the one of the tests has a loop already once one of them has used a browser."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(anyio.run, asked).result()


def calling(name: str, **arguments: Any) -> Callable[[Client], Awaitable[CallToolResult]]:
    return lambda client: client.call_tool(name, arguments)


def said(result: CallToolResult) -> str:
    """What the model reads."""
    return "".join(getattr(block, "text", "") for block in result.content)
