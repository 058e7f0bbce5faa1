"""Live recorders, which send what they record each second, as `static/capture/sender.js` does."""

import hashlib
import json
import random
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests import tus_client
from tests.soak.pairs.heard import Log
from tests.soak.pairs.material import Loop, Take
from tests.soak.pairs.wire import Line

WHO = "recorder"
EVERY = 1.0
FIRST_WAIT, LONGEST_WAIT, LONGEST_ASKED = 0.5, 30.0, 15.0
_PASSING = {0, 401, 403, 408, 423, 425, 429}
_ELSEWHERE = {400, 409, 460}
MOST_MISTAKES = 5


@dataclass
class Promises:
    """`whole`: the SHA-256 of each recording whose end was acknowledged, by id. `sent` and `lost` are bytes."""

    begun: int = 0
    sent: int = 0
    lost: int = 0
    whole: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Recorder:
    """One person who makes recording after recording of `loop`, in the session given."""

    def __init__(self, line: Line, loop: Loop, session: str, promises: Promises, log: Log, turns: range) -> None:
        self._line, self._loop, self._session = line, loop, session
        self._promises, self._log, self._turns = promises, log, turns
        self._failures = self._mistakes = 0
        line.headers["Tus-Resumable"] = tus_client.VERSION

    def run(self, over: threading.Event) -> None:
        """Record until it is `over`; what has been begun is brought to its end."""
        try:
            while not over.is_set():
                self._record(over)
        except Exception as error:
            self._log.complaints.append(f"{WHO}: {type(error).__name__}: {error}")
        self._line.close()

    def _record(self, over: threading.Event) -> None:
        recording = self._started()
        address = self._created(recording)
        take, began, sent = Take(self._loop, random.choice(self._turns)), time.monotonic(), 0
        while True:
            due = time.monotonic() + EVERY
            made = take.grow(time.monotonic() - began, end=over.is_set())
            whole = take.is_over
            at = self._append(address, sent, bytes(take.data[sent:made]), made if whole else None)
            if at is None:
                self._mistakes += 1
                if self._mistakes > MOST_MISTAKES:
                    raise RuntimeError(f"{address} goes on nowhere")
                sent = self._offset(address, sent)
                continue
            sent, self._mistakes = at, 0
            if whole and sent == made:
                break
            over.wait(max(0.0, due - time.monotonic())) if not over.is_set() else time.sleep(EVERY / 4)
        with self._promises.lock:
            self._promises.whole[recording] = hashlib.sha256(take.data).hexdigest()
            self._promises.sent += len(take.data)

    def _started(self) -> str:
        with self._promises.lock:
            self._promises.begun += 1
        while True:
            path = f"/api/sessions/{self._session}/recording/start"
            status, _, content = self._line.ask("start", "POST", path)
            if status == 201:
                self._failures = 0
                return str(json.loads(content)["recording_id"])
            self._wait("start", status, None)

    def _created(self, recording: str) -> str:
        headers = {"Upload-Metadata": tus_client.metadata(recording_id=recording), "Upload-Defer-Length": "1"}
        while True:
            status, said, _ = self._line.ask("create", "POST", tus_client.UPLOADS, headers)
            if status == 201:
                self._failures = 0
                return urlsplit(said["Location"]).path
            self._wait("create", status, said["Retry-After"])

    def _append(self, address: str, at: int, piece: bytes, length: int | None) -> int | None:
        """The offset behind the piece once it is safe; None if the upload may be elsewhere."""
        headers = {"Upload-Offset": str(at), "Content-Type": tus_client.PIECE}
        if length is not None:
            headers["Upload-Length"] = str(length)
        while True:
            status, said, _ = self._line.ask("piece" if length is None else "end", "PATCH", address, headers, piece)
            if status == 204:
                self._failures = 0
                return int(said["Upload-Offset"])
            if status in _ELSEWHERE:
                return None
            self._wait("piece", status, said["Retry-After"])

    def _offset(self, address: str, acknowledged: int) -> int:
        while True:
            status, said, _ = self._line.ask("offset", "HEAD", address)
            if status == 200:
                self._failures = 0
                break
            self._wait("offset", status, said["Retry-After"])
        at = int(said["Upload-Offset"])
        if at < acknowledged:
            with self._promises.lock:
                self._promises.lost += acknowledged - at
        return at

    def _wait(self, what: str, status: int, after: str | None) -> None:
        """What passes is waited for. Raises RuntimeError for anything else."""
        if status not in _PASSING and status < 500:
            raise RuntimeError(f"{what} was answered with {status}")
        grown = min(LONGEST_WAIT, FIRST_WAIT * 2**self._failures)
        self._failures += 1
        asked = min(float(after or 0), LONGEST_ASKED)
        time.sleep(max(asked, grown * random.uniform(0.5, 1)))
