"""Memory of the serving process, step by step through large uploads and downloads, as the kernel counts it.

The peak is since the process started: the last line is that of all steps together.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from tests.bench import material
from tests.bench.child import Child
from tests.bench.download import put
from tests.bench.portal import Portal, portal
from tests.bench.processes import memory_mb
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample
from tests.bench.transfer import Request, client, transfer
from tests.bench.upload import bare, form

AIM_MB = 150.0
MEGABYTES = 2000
CONNECTIONS = 8


def contests(bench: Bench) -> Iterator[Contest]:
    with ExitStack() as stack:
        via = stack.enter_context(client())
        ours = stack.enter_context(portal(bench.new_folder("portal")))
        steps = _steps(bench, via, ours)
        yield Contest(
            "Memory of the web process",
            [Metric("RSS MB", higher_is_better=False), _peak(list(steps))],
            [Entrant(name, _measured(ours, step)) for name, step in steps.items()],
            rounds=1,
        )


def _peak(names: list[str]) -> Metric:
    return Metric("peak MB", higher_is_better=False, aims=dict.fromkeys(names, AIM_MB), absolute=True)


def _steps(bench: Bench, via: Child, ours: Portal) -> dict[str, Callable[[], None]]:
    large = material.recording(bench.folder, MEGABYTES)
    middling = material.recording(bench.folder, 128)
    recording, _ = put(via, ours, large)
    address = f"/api/recordings/{recording}/download"

    def send(*requests: Request) -> None:
        transfer(via, ours.port, [[request] for request in requests], workers=[])

    def get(header: str = "") -> Request:
        return {"head": f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1:{ours.port}\r\n{ours.user.bearer}{header}\r\n"}

    return {
        "after a bare upload of 2 GB": lambda: None,
        "form of 2 GB": lambda: send(form(ours, large)),
        "8 forms of 128 MB at once": lambda: send(*(form(ours, middling) for _ in range(CONNECTIONS))),
        "8 bare bodies of 128 MB at once": lambda: send(*(bare(ours, middling) for _ in range(CONNECTIONS))),
        "download of 2 GB": lambda: send(get()),
        "8 downloads of 2 GB at once": lambda: send(*(get() for _ in range(CONNECTIONS))),
        "64 ranges of 30 MB at once": lambda: send(
            *(get(f"Range: bytes={place}000000-{place + 29}999999\r\n") for place in range(64))
        ),
    }


def _measured(ours: Portal, step: Callable[[], None]) -> Callable[[], Sample]:
    def run() -> Sample:
        step()
        return memory_mb(ours.worker)

    return run
