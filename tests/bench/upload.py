"""Upload of one large and of eight middling recordings, against the reference tus server on Node.

Only the requests that carry the bytes are timed. Sortie's answer comes after the bytes were synced to disk, hashed,
checked, made seekable and put into the store; the tus server's after they were written, without a sync.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench import material
from tests.bench.child import Child
from tests.bench.peers import Missing, Peer, tus_server
from tests.bench.portal import Portal, portal
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample
from tests.bench.transfer import Request, client, transfer

FORM, BARE, TUS = "Sortie, multipart form", "Sortie, bare body", "tus server on Node"
SHAPES = {(1, 1000): 1.8, (8, 128): 1.3}  # files, MB each: the aim
_BOUNDARY = "----sortie-bench-7MA4YWxkTrZu0gW"


def contests(bench: Bench) -> Iterator[Contest]:
    with ExitStack() as stack:
        via = stack.enter_context(client())
        ours = stack.enter_context(portal(bench.new_folder("portal")))
        peer = tus_peer(bench, stack)
        for (count, megabytes), aim in SHAPES.items():
            file = material.recording(bench.folder, megabytes)
            entrants = [upload(via, ours, FORM, file, count), upload(via, ours, BARE, file, count)]
            if peer:
                entrants.append(_upload_to(peer, via, file, count))
            yield Contest(
                f"Upload of {count} x {megabytes} MB",
                metrics({FORM: aim, BARE: aim} if peer else {}),
                entrants,
                reference=TUS if peer else BARE,
            )


def metrics(aims: Mapping[str, float]) -> list[Metric]:
    return [Metric("MB/s", higher_is_better=True, aims=aims), Metric("CPU s/GB", higher_is_better=False)]


def upload(via: Child, ours: Portal, name: str, file: Path, count: int) -> Entrant:
    """`count` uploads of `file` into Sortie at the same time, as a form or bare."""
    request = _REQUESTS[name]

    def prepare() -> None:
        ours.forget_files()
        material.settle()

    def run() -> Sample:
        requests = [[request(ours, file)] for _ in range(count)]
        return transfer(via, ours.port, requests, workers=[ours.worker])

    return Entrant(name, run, prepare)


def form(ours: Portal, file: Path) -> Request:
    """What a browser's FormData or `curl -F` sends."""
    session, recording = ours.new_recording()
    part = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name="
    before = (
        f'{part}"recording_id"\r\n\r\n{recording}\r\n'
        f'{part}"file"; filename="recording.webm"\r\nContent-Type: video/webm\r\n\r\n'
    )
    after = f"\r\n--{_BOUNDARY}--\r\n"
    length = len(before) + file.stat().st_size + len(after)
    head = _head(ours, f"{session}/recording/upload", f"multipart/form-data; boundary={_BOUNDARY}", length)
    return {"head": head, "before": before, "file": str(file), "after": after}


def bare(ours: Portal, file: Path) -> Request:
    """The file as the body."""
    session, recording = ours.new_recording()
    path = f"{session}/recording/upload?recording_id={recording}"
    return {"head": _head(ours, path, "video/webm", file.stat().st_size), "file": str(file)}


_REQUESTS: dict[str, Callable[[Portal, Path], Request]] = {FORM: form, BARE: bare}


def _head(ours: Portal, path: str, content_type: str, length: int) -> str:
    return (
        f"POST /api/sessions/{path} HTTP/1.1\r\nHost: 127.0.0.1:{ours.port}\r\n{ours.user.bearer}"
        f"Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    )


def tus_peer(bench: Bench, stack: ExitStack) -> Peer | None:
    """The tus server on Node until the stack unwinds, or a note that it cannot be had."""
    try:
        return stack.enter_context(tus_server(bench.new_folder("tus")))
    except Missing as error:
        bench.without(str(error))
        return None


def _upload_to(peer: Peer, via: Child, file: Path, count: int) -> Entrant:
    def prepare() -> None:
        peer.forget_files()
        material.settle()

    def run() -> Sample:
        requests = [[_patch(peer, file)] for _ in range(count)]
        return transfer(via, peer.port, requests, workers=peer.workers)

    return Entrant(TUS, run, prepare)


def _patch(peer: Peer, file: Path) -> Request:
    """Create an upload at the tus server; the request that sends all of it."""
    length = file.stat().st_size
    address = begin(peer.port, "/files", filename=file.name, headers={"Upload-Length": str(length)})
    return {"head": patch_head(peer.port, address, at=0, length=length), "file": str(file)}


def begin(port: int, path: str, *, headers: Mapping[str, str], **metadata: str) -> str:
    """Create an upload at a tus server; the path of its address."""
    about = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in metadata.items())
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, headers={"Tus-Resumable": "1.0.0", "Upload-Metadata": about, **headers})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 201:
        raise RuntimeError(f"POST {path}: {answer.status} {said[:300]!r}")
    return urlsplit(answer.headers["Location"]).path


def patch_head(port: int, address: str, *, at: int | str, length: int, identity: str = "") -> str:
    """The head of a request that adds `length` bytes at offset `at`, or at what is to be filled in there."""
    return (
        f"PATCH {address} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{identity}Tus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: {at}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\r\n"
    )
