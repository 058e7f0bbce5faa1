"""Moving bytes between the client process and a server, timed: the measurement that upload and download share."""

from collections.abc import Sequence
from typing import Any

from tests.bench.child import Child
from tests.bench.processes import cpu_of
from tests.bench.runner import Sample

MB, GB = 10**6, 10**9

# A request as `client` takes it: `head`, and to send a file `before`, `file` and `after`.
Request = dict[str, Any]


def client() -> Child:
    return Child("tests.bench.client")


def transfer(via: Child, port: int, connections: Sequence[Sequence[Request]], *, workers: Sequence[int]) -> Sample:
    """Send the requests, each list over a connection of its own: bytes of files and bodies a second, and the CPU
    time that the `workers` (process ids) spent on a GB of them."""
    with cpu_of(*workers) as cpu:
        done = via.ask(port=port, connections=connections)
    return {"MB/s": done["bytes"] / MB / done["seconds"], "CPU s/GB": cpu[0] / (done["bytes"] / GB)}
