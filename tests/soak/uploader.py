"""A client that uploads recording after recording, whatever the portal does, and remembers what it was promised."""

import hashlib
import http.client
import json
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests import tus_client
from tests import webm_builder as build

TIMEOUT = 60.0
AGAIN_AFTER = 0.1
BUSY = {409, 460, 500, 502, 503, 507}


class Broken(Exception):
    """No answer came."""


@dataclass
class Ledger:
    """What clients were told, and where it turned out not to be so."""

    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    bytes_acknowledged: int = 0
    bytes_lost: int = 0
    complaints: list[str] = field(default_factory=list)
    whole: dict[str, str] = field(default_factory=dict)  # the SHA-256 of what was sent, by recording
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Account:
    """Whom a client acts for."""

    token: str
    session: str


class Uploader:
    """One client of the portal at `url`. Uploads go `through` another address, a proxy perhaps, if one is given."""

    def __init__(self, number: int, url: str, account: Account, ledger: Ledger, *, through: str = "") -> None:
        self._number, self._url, self._account, self._ledger = number, url, account, ledger
        self._through = through or url
        self._random = random.Random(number)
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def run(self, enough: threading.Event, make: Callable[[int], bytes]) -> None:
        """Upload what `make(seed)` gives until there is `enough`; what has been begun is brought to its end."""
        try:
            while not enough.is_set():
                self.upload(make(secrets.randbits(60)))
        except Exception as error:
            with self._ledger.lock:
                self._ledger.complaints.append(f"uploader {self._number}: {type(error).__name__}: {error}")

    def upload(self, data: bytes) -> None:
        """Bring all of `data` to the portal, as a recording of its own."""
        recording = self._started()
        deferred = self._random.random() < 0.3
        address = self._created(recording, None if deferred else len(data))
        at = acknowledged = 0
        while at < len(data):
            piece = data[at : at + self._random.randint(50_000, 800_000)]
            headers = {"Upload-Offset": str(at), "Content-Type": tus_client.PIECE}
            if self._random.random() < 0.2:
                headers["Upload-Checksum"] = tus_client.checksum(piece)
            if deferred and at + len(piece) == len(data):
                headers["Upload-Length"] = str(len(data))
            status, said = self._try("PATCH", address, headers, piece)
            if status == 204:
                at = acknowledged = int(said["Upload-Offset"])
            else:
                at = self._offset(address, acknowledged)
        with self._ledger.lock:
            self._ledger.whole[recording] = hashlib.sha256(data).hexdigest()
            self._ledger.bytes_acknowledged += len(data)

    def _started(self) -> str:
        while True:
            status, answer = self._try(
                "POST", f"{self._url}/api/sessions/{self._account.session}/recording/start", {}
            )
            if status == 201:
                return str(answer["recording_id"])

    def _created(self, recording: str, length: int | None) -> str:
        headers = {"Upload-Metadata": tus_client.metadata(recording_id=recording)}
        headers |= {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        while True:
            status, said = self._try("POST", f"{self._through}{tus_client.UPLOADS}", headers)
            if status == 201:
                return str(said["Location"])

    def _offset(self, address: str, acknowledged: int) -> int:
        while True:
            status, said = self._try("HEAD", address, {})
            if status == 200:
                break
        at = int(said["Upload-Offset"])
        if at < acknowledged:
            with self._ledger.lock:
                self._ledger.bytes_lost += acknowledged - at
        return at

    def _try(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, Any]:
        """Status, and headers or JSON, of one request; status 0 after a short while if there was no good answer."""
        try:
            status, said = self._ask(method, url, headers, body)
        except Broken:
            with self._ledger.lock:
                self._ledger.unanswered += 1
            time.sleep(AGAIN_AFTER)
            return 0, {}
        with self._ledger.lock:
            self._ledger.statuses[status] += 1
        if status in BUSY:
            time.sleep(AGAIN_AFTER)
            return 0, {}
        if status >= 400:
            raise RuntimeError(f"{method} {urlsplit(url).path} was answered with {status}")
        return status, said

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        address = urlsplit(url)
        connection = self._connections.get(address.netloc)
        if connection is None:
            connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
            self._connections[address.netloc] = connection
        every = {"Tus-Resumable": tus_client.VERSION, "Authorization": f"Bearer {self._account.token}", **headers}
        try:
            connection.request(method, address.path, body, every)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connections.pop(address.netloc).close()
            raise Broken from error
        if answer.headers.get("Content-Type") == "application/json":
            return answer.status, json.loads(content)
        return answer.status, answer.headers


def noise(seed: int, *, blocks: int = 20) -> bytes:
    """Some four megabytes that are a recording of sound, so that nobody makes pictures of it."""
    chance = random.Random(seed)
    frames = [build.OPUS_20_MS + chance.randbytes(chance.randint(100_000, 300_000)) for _ in range(blocks)]
    clusters = [build.cluster(1000 * i, build.block(2, 0, frame=frame)) for i, frame in enumerate(frames)]
    return build.webm(*clusters, tracks=build.audio_track())
