"""An event loop in a thread of its own: where tests run there may be one already, that of the browser's driver."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncssh

Result = TypeVar("Result")
PATIENCE = 30.0


class BackgroundLoop:
    """`run` hands over a coroutine and waits for what comes of it; what still runs at the end is cancelled."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-loop")

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Raises what the coroutine raises, and TimeoutError."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(cancel_others())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def cancel_others() -> None:
    """Cancel every other task of this loop and let it end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def closed(server: asyncssh.SSHAcceptor) -> None:
    """Until it listens no more."""
    server.close()
    await server.wait_closed()
