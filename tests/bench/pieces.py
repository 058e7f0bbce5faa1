"""Uploads in pieces of 300 KB, as recorders send them, against the reference tus server on Node.

2,000 of them: one client that sends all of them one after the other, and eight that send 250 each. Sortie finds out
who sends and syncs each piece to disk before it answers; the tus server asks nobody and does not sync. The uploads
stay unfinished, for what their end costs is measured elsewhere.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench import material
from tests.bench.child import Child
from tests.bench.peers import Peer
from tests.bench.portal import Portal, SignedIn, portal
from tests.bench.processes import cpu_of
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample
from tests.bench.transfer import Request, client
from tests.bench.upload import TUS, begin, patch_head, tus_peer

OURS = "Sortie"
PIECES, PIECE = 2000, 300_000
CLIENTS = (1, 8)
AIM = 2.0


def contests(bench: Bench) -> Iterator[Contest]:
    with ExitStack() as stack:
        via = stack.enter_context(client())
        ours = stack.enter_context(portal(bench.new_folder("portal")))
        peer = tus_peer(bench, stack)
        file = one_piece(bench.folder, PIECE)
        for clients in CLIENTS:
            entrants = [_ours(via, ours, file, clients)]
            if peer:
                entrants.append(_theirs(via, peer, file, clients))
            yield Contest(
                f"{PIECES:,} pieces of {PIECE // 1000} KB, {clients} at a time",
                [
                    Metric("pieces/s", higher_is_better=True, aims={OURS: AIM} if peer else {}),
                    Metric("CPU ms a piece", higher_is_better=False),
                ],
                entrants,
                reference=TUS if peer else OURS,
            )


def one_piece(folder: Path, size: int) -> Path:
    """The first bytes of a recording, in a file."""
    path = folder / f"piece-{size}"
    with material.recording(folder, 20).open("rb") as recording:
        path.write_bytes(recording.read(size))
    return path


def _ours(via: Child, ours: Portal, file: Path, clients: int) -> Entrant:
    begun: list[str] = []

    def upload() -> Callable[[int], str]:
        address = begin_at(ours, ours.user, ours.new_recording()[1])
        begun.append(address)
        return lambda at: patch_head(ours.port, address, at=at, length=PIECE, identity=ours.user.bearer)

    def prepare() -> None:
        while begun:
            ours.ask("DELETE", begun.pop())
        material.settle()

    return Entrant(OURS, lambda: _measured(via, ours.port, upload, file, clients, ours.workers), prepare)


def begin_at(ours: Portal, by: SignedIn, recording: str) -> str:
    """Create an upload of unknown length for a recording; the path of its address."""
    headers = {"Upload-Defer-Length": "1", "Authorization": f"Bearer {by.token}"}
    return begin(ours.port, "/api/uploads", headers=headers, recording_id=recording)


def _theirs(via: Child, peer: Peer, file: Path, clients: int) -> Entrant:
    def upload() -> Callable[[int], str]:
        address = begin(peer.port, "/files", headers={"Upload-Defer-Length": "1"}, filename=file.name)
        return lambda at: patch_head(peer.port, address, at=at, length=PIECE)

    def prepare() -> None:
        peer.forget_files()
        material.settle()

    return Entrant(TUS, lambda: _measured(via, peer.port, upload, file, clients, peer.workers), prepare)


def _measured(
    via: Child,
    port: int,
    upload: Callable[[], Callable[[int], str]],
    file: Path,
    clients: int,
    workers: tuple[int, ...],
) -> Sample:
    """Send all pieces; `upload` begins one, and gives the head of the piece at an offset."""
    connections: list[list[Request]] = []
    for _ in range(clients):
        head = upload()
        offsets = range(0, PIECES // clients * PIECE, PIECE)
        connections.append([{"head": head(at), "file": str(file)} for at in offsets])
    with cpu_of(*workers) as cpu:
        done = via.ask(port=port, connections=connections)
    return {"pieces/s": PIECES / done["seconds"], "CPU ms a piece": 1000 * cpu[0] / PIECES}
