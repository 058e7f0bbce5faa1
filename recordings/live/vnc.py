"""The bridge between noVNC in a browser and the desktop of a session.

It goes where the session's row says and nowhere else, for the session's owner and admins, while the session runs.
"""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import AnonymousUser

from recordings import audit, desktops, trace
from recordings.live import rfb
from recordings.live.targets import open_target
from recordings.models import User

logger = logging.getLogger(__name__)

BLOCK = 64 * 1024
LONGEST_MESSAGE = 1024 * 1024
WAITING_MESSAGES = 64
BRIDGES_PER_USER = 8
LOOK_AGAIN_AFTER = 15.0
OPENS_WITHIN = 20.0

SIGNED_OUT, NOT_FOUND, OVER, TOO_MANY, UNREACHABLE, TOO_LONG = 4401, 4404, 4409, 4429, 4502, 1009

_open: Counter[UUID] = Counter()


class VncBridge(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """One browser's view of one desktop. Close codes 4xxx carry a sentence for the page."""

    async def connect(self) -> None:
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue(WAITING_MESSAGES)
        self._task: asyncio.Task[None] | None = None
        self._counted: UUID | None = None
        await self.accept("binary" if "binary" in self.scope["subprotocols"] else None)
        user: User | AnonymousUser = self.scope["user"]
        trace.note(session_id=self.scope["url_route"]["kwargs"]["pk"])
        if not isinstance(user, User):
            await self.close(SIGNED_OUT, "Sign in again.")
        elif _open[user.pk] >= BRIDGES_PER_USER:
            await self.close(TOO_MANY, "Too many desktops are open; close some first.")
        else:
            trace.note(user_id=user.pk)
            self._counted = user.pk
            _open[user.pk] += 1
            self._task = asyncio.create_task(self._run(user, self.scope["url_route"]["kwargs"]["pk"]))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Called for one message after the other: a full queue makes the browser wait."""
        if bytes_data is None or len(bytes_data) > LONGEST_MESSAGE:
            await self.close(TOO_LONG, "The viewer sent what no viewer sends.")
            return
        await self._incoming.put(bytes_data)

    async def disconnect(self, code: int) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._counted is not None:
            _open[self._counted] -= 1

    async def _run(self, user: User, pk: UUID) -> None:
        code, reason = UNREACHABLE, "The desktop closed the connection."
        try:
            desktop = await database_sync_to_async(desktops.open_for)(
                user, pk, audit.Actor(user, address_of(self.scope))
            )
            await self._bridge(user, pk, desktop)
        except desktops.NoDesktop as error:
            code, reason = NOT_FOUND, str(error)
        except desktops.NotRunning as error:
            code, reason = OVER, str(error)
        except rfb.Refused as error:
            reason = str(error)
        except TimeoutError:
            reason = "The desktop does not answer."
        except OSError as error:
            logger.info("The desktop of session %s cannot be reached: %s", pk, error)
            reason = "The desktop cannot be reached."
        await self.close(code, reason)

    async def _bridge(self, user: User, pk: UUID, desktop: desktops.Desktop) -> None:
        from_desktop, to_desktop = await open_target(desktop.target)
        browser = _Browser(self._incoming, self)
        try:
            async with asyncio.timeout(OPENS_WITHIN):
                await rfb.sign_in(from_desktop, to_desktop, desktop.password)
                await rfb.welcome(browser, browser)
            done, pending = await asyncio.wait(
                [
                    asyncio.create_task(_to_browser(from_desktop, self)),
                    asyncio.create_task(browser.forward(to_desktop)),
                    asyncio.create_task(_watch(user, pk)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
            await _end(pending)
            for task in done:
                task.result()
        finally:
            to_desktop.close()


async def _end(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _to_browser(desktop: asyncio.StreamReader, consumer: VncBridge) -> None:
    while block := await desktop.read(BLOCK):
        await consumer.send(bytes_data=block)


async def _watch(user: User, pk: UUID) -> None:
    """Look now and then whether the user may still see the session. Raises what `desktops.check` does."""
    while True:
        await asyncio.sleep(LOOK_AGAIN_AFTER)
        await database_sync_to_async(desktops.check)(user.pk, pk)


class _Browser:
    """The browser's side of the connection, as a stream."""

    def __init__(self, incoming: asyncio.Queue[bytes], consumer: VncBridge) -> None:
        self._incoming = incoming
        self._consumer = consumer
        self._left = b""
        self._outgoing = b""

    async def readexactly(self, n: int, /) -> bytes:
        while len(self._left) < n:
            self._left += await self._incoming.get()
        data, self._left = self._left[:n], self._left[n:]
        return data

    def write(self, data: bytes, /) -> None:
        self._outgoing += data

    async def drain(self) -> None:
        data, self._outgoing = self._outgoing, b""
        await self._consumer.send(bytes_data=data)

    async def forward(self, to_desktop: asyncio.StreamWriter) -> None:
        """Everything that follows, at the pace at which the desktop takes it."""
        while True:
            to_desktop.write(self._left or await self._incoming.get())
            self._left = b""
            await to_desktop.drain()


def address_of(scope: dict[str, Any]) -> str | None:
    """The address of the client behind an ASGI connection."""
    forwarded = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
    peer, *_ = scope.get("client") or ("",)
    return audit.client_address(forwarded=forwarded, peer=str(peer))
