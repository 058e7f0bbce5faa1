"""Connections to desktops."""

import asyncio

from recordings.desktops import HOST_AND_PORT

CONNECT_WITHIN = 10.0


async def open_target(target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a desktop, at `host:port` or a Unix socket. Raises OSError (TimeoutError among them)."""
    match = HOST_AND_PORT.fullmatch(target)
    async with asyncio.timeout(CONNECT_WITHIN):
        if match:
            return await asyncio.open_connection(match["host"].strip("[]"), int(match["port"]))
        return await asyncio.open_unix_connection(target)
