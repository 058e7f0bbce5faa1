"""What is noted of each WebSocket: an id for its lines in the log, how many are open, how and when they end."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from recordings import meters, trace

logger = logging.getLogger("sortie.requests")

Message = dict[str, Any]
Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

GONE = 1006  # RFC 6455, 7.1.5: it ended, and nobody said why


class Observed:
    """Counts, and writes a line when it is over."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        trace.begin(request_id=uuid4().hex)
        begun, code = time.monotonic(), GONE

        async def hear() -> Message:
            nonlocal code
            message: Message = await receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code") or GONE
            return message

        async def say(message: Message) -> None:
            nonlocal code
            if message["type"] == "websocket.close":
                code = message.get("code") or 1000
            await send(message)

        try:
            with meters.websockets_open.track_inprogress():
                await self._application(scope, hear, say)
        finally:
            meters.websockets.labels(code).inc()
            _tell(scope, code, time.monotonic() - begun)


def _tell(scope: dict[str, Any], code: int, seconds: float) -> None:
    facts = {"path": scope["path"], "code": code, "duration_ms": round(seconds * 1000, 1)}
    logger.info("WebSocket %s %d", scope["path"], code, extra={"facts": facts})
