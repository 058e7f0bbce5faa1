"""Closing a WebSocket while somebody waits for its next message.

granian (2.8.7) sends a close only when nothing is being received, which with Channels is never the case: the
browser would not learn of it before it says something itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class ClosesAtOnce:
    """An application whose close ends its own wait for a message."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        connection = _Connection(receive, send)
        await self._application(scope, connection.receive, connection.send)


class _Connection:
    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._waiting: asyncio.Task[Message] | None = None
        self._code: int | None = None
        self._closed = asyncio.Event()

    async def receive(self) -> Message:
        if self._code is None:
            self._waiting = asyncio.create_task(self._next())
            try:
                return await self._waiting
            except asyncio.CancelledError:
                self._waiting.cancel()
                if self._code is None:  # it was not us who cancelled
                    raise
        await self._closed.wait()
        return {"type": "websocket.disconnect", "code": self._code}

    async def _next(self) -> Message:
        return await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] != "websocket.close":
            await self._send(message)
            return
        self._code = message.get("code", 1000)
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.wait([self._waiting])
        try:
            await self._send(message)
        finally:
            self._closed.set()
