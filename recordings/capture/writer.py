"""The thread that writes, and the bounded queue before it: a slow disk must never be felt in the terminal."""

import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Sink(Protocol):
        """Where groups of events go; both methods may raise."""

        def write(self, group: "Group") -> None: ...

        def flush(self) -> None: ...


# Output within this time becomes one event. People cannot see 10 ms, and files shrink by half.
COALESCE_SECONDS = 0.010
GROUP_BYTES = 64 * 1024
QUEUE_BYTES = 6 * 1024 * 1024
# A full queue holds the terminal up by no more than this a read: a slow disk may take something meanwhile.
LONGEST_HOLD_SECONDS = 0.004
# What one group costs besides its bytes, so that a million empty ones are bounded too.
GROUP_OVERHEAD = 200


class Group:
    """What arrived under one code within `COALESCE_SECONDS` of `moment` (`time.monotonic()`)."""

    __slots__ = ("code", "data", "moment")

    def __init__(self, moment: float, code: str, data: bytes) -> None:
        self.moment = moment
        self.code = code
        self.data = bytearray(data)


class Writer:
    """Hands events to a sink on a thread of its own. The first error ends the writing, not the caller.

    `patient` waits for room however long it takes, for those who would rather be slow than unrecorded.
    """

    def __init__(
        self,
        sink: "Sink",
        *,
        coalesce: float = COALESCE_SECONDS,
        patient: bool = False,
        on_error: "Callable[[], None] | None" = None,
    ) -> None:
        self.error: Exception | None = None
        self.dropped_events = 0
        self._sink = sink
        self._coalesce = coalesce
        self._hold = None if patient else LONGEST_HOLD_SECONDS
        self._on_error = on_error
        self._lock = threading.Lock()
        self._groups: list[Group] = []
        self._waiting = 0
        self._asleep = True
        self._closing = False
        self._bell = threading.Semaphore(0)
        self._space = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sortie-writer", daemon=True)

    def start(self) -> None:
        """Begin writing. Call it after every fork: a forked process has none of its parent's threads."""
        self._thread.start()

    def put(self, moment: float, code: str, data: bytes) -> None:
        """Queue what happened at `moment`. Never raises; drops and counts what finds no room."""
        if not self._has_room() and not self._wait_for_room():
            self.dropped_events += 1
            return
        with self._lock:
            if self.error is not None:
                return
            self._add(moment, code, data)
            if self._asleep:
                self._asleep = False
                self._bell.release()

    def close(self, patience: float) -> bool:
        """Write what is queued and end. False if the sink made no progress for `patience` seconds."""
        with self._lock:
            self._closing = True
        self._bell.release()
        while self._thread.is_alive():
            before = self._waiting
            self._thread.join(patience)
            if self._thread.is_alive() and self._waiting == before:
                return False
        return True

    def _add(self, moment: float, code: str, data: bytes) -> None:
        if self._groups:
            last = self._groups[-1]
            if last.code == code and moment - last.moment < self._coalesce and len(last.data) < GROUP_BYTES:
                last.data += data
                self._waiting += len(data)
                return
        self._groups.append(Group(moment, code, data))
        self._waiting += len(data) + GROUP_OVERHEAD

    def _wait_for_room(self) -> bool:
        while self.error is None:
            self._space.clear()
            if self._has_room() or self._space.wait(self._hold):
                return True
            if self._hold is not None:
                return False
        return True

    def _has_room(self) -> bool:
        return self._waiting + GROUP_BYTES <= QUEUE_BYTES

    def _run(self) -> None:
        while True:
            self._bell.acquire()
            if not self._closing:
                # Output comes in bursts: after a moment there is more of it for the price of one write.
                time.sleep(self._coalesce)
            with self._lock:
                self._asleep = True
                closing = self._closing
                groups, self._groups = self._groups, []
            try:
                for group in groups:
                    self._sink.write(group)
                    self._done_with(group)
                self._sink.flush()
            # Whatever it is: it is told at the end, and must not reach the command.
            except Exception as error:
                self._fail(error)
                return
            if closing:
                return

    def _done_with(self, group: Group) -> None:
        with self._lock:
            self._waiting -= len(group.data) + GROUP_OVERHEAD
            if self._has_room():
                self._space.set()

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self.error = error
            self._groups = []
            self._waiting = 0
        self._space.set()
        if self._on_error is not None:
            self._on_error()
