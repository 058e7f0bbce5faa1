"""Download of one large recording and of ranges as players ask for them, against nginx with the same file.

Sortie finds out who asks and whether they may, on every request; nginx asks nobody. Behind nginx, Sortie leaves the
sending to it (X-Accel-Redirect).
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench import material
from tests.bench.child import Child
from tests.bench.peers import Missing, nginx
from tests.bench.portal import Portal, served, set_up
from tests.bench.runner import Bench, Contest, Entrant, Metric
from tests.bench.transfer import Request, client, transfer
from tests.bench.upload import bare

API, PLAYER, PROXIED, NGINX = "Sortie, API", "Sortie, player", "Sortie, player, by X-Accel", "nginx"
MEGABYTES = 1000
CONNECTIONS, RANGES, RANGE = 8, 64, 1 << 20  # connections, ranges on each, bytes each


def contests(bench: Bench) -> Iterator[Contest]:
    with ExitStack() as stack:
        via = stack.enter_context(client())
        folder = bench.new_folder("portal")
        user = set_up(folder)
        ours = stack.enter_context(served(folder, user))
        recording, stored = put(via, ours, material.recording(bench.folder, MEGABYTES))
        places = [
            _Place(API, ours.port, (ours.worker,), f"/api/recordings/{recording}/download", user.bearer),
            _Place(PLAYER, ours.port, (ours.worker,), f"/recordings/{recording}/media", user.browser),
        ]
        try:
            behind = stack.enter_context(served(folder, user, SORTIE_X_ACCEL_REDIRECT="/stored"))
            peer = stack.enter_context(nginx(bench.new_folder("nginx"), files=ours.stored, portal=behind.port))
        except Missing as error:
            bench.without(str(error))
        else:
            workers = (behind.worker, *peer.workers)
            places.append(_Place(PROXIED, peer.port, workers, places[1].path, user.browser))
            places.append(_Place(NGINX, peer.port, peer.workers, f"/files/{stored}"))
        yield _contest("Download of 1 x 1000 MB", via, places, [[""]], aim=1.0)
        yield _contest(f"Ranges of 1 MiB, {CONNECTIONS} connections", via, places, _ranges(), aim=0.6)


def put(via: Child, ours: Portal, file: Path) -> tuple[str, str]:
    """Upload a file; the id of its recording, and where the store has it."""
    before = set(ours.stored.glob("*/*"))
    request = bare(ours, file)
    transfer(via, ours.port, [[request]], workers=[])
    [stored] = set(ours.stored.glob("*/*")) - before
    return stored.parent.name, str(stored.relative_to(ours.stored))


class _Place:
    """One address of the file."""

    def __init__(self, name: str, port: int, workers: tuple[int, ...], path: str, identity: str = "") -> None:
        self.name = name
        self.port = port
        self.workers = workers
        self.path = path
        self._identity = identity

    def get(self, header: str) -> Request:
        return {"head": f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{self._identity}{header}\r\n"}


def _contest(title: str, via: Child, places: list[_Place], headers: list[list[str]], *, aim: float) -> Contest:
    names = [place.name for place in places]
    aims = {name: aim for name in names if name != NGINX} if NGINX in names else {}
    return Contest(
        title,
        [Metric("MB/s", higher_is_better=True, aims=aims), Metric("CPU s/GB", higher_is_better=False)],
        [_entrant(via, place, headers) for place in places],
        reference=NGINX if NGINX in names else API,
    )


def _entrant(via: Child, place: _Place, headers: list[list[str]]) -> Entrant:
    requests = [[place.get(header) for header in each] for each in headers]
    return Entrant(place.name, lambda: transfer(via, place.port, requests, workers=place.workers))


def _ranges() -> list[list[str]]:
    """Range headers for each connection: the same places all over the file for everybody."""
    chosen = random.Random(1)
    last = MEGABYTES * material.MB - RANGE
    starts = [[chosen.randrange(last) for _ in range(RANGES)] for _ in range(CONNECTIONS)]
    return [[f"Range: bytes={start}-{start + RANGE - 1}\r\n" for start in each] for each in starts]
