"""What a process counts while it works, for Prometheus: requests, bytes, jobs, sweeps, failures.

Several processes of one server count together in a folder (`PROMETHEUS_MULTIPROC_DIR`), if the one that starts them
has named it before this module is imported. What the database knows better is in `recordings.figures`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

_own = CollectorRegistry()

requests = Counter("sortie_http_requests", "Requests answered.", ["method", "route", "status"], registry=_own)
request_seconds = Histogram(
    "sortie_http_request_duration_seconds",
    "Time until an answer begins; of an upload that of its body too.",
    ["method", "route"],
    buckets=_BUCKETS,
    registry=_own,
)
requests_in_progress = Gauge(
    "sortie_http_requests_in_progress",
    "Requests whose answer has not begun; each holds a thread.",
    multiprocess_mode="livesum",
    registry=_own,
)
received_bytes = Counter("sortie_upload_received_bytes", "Bytes of recordings taken in.", registry=_own)
failures = Counter("sortie_recording_failures", "Recordings that failed, by reason.", ["reason"], registry=_own)
jobs = Counter("sortie_jobs_worked", "Jobs worked on, by how it ended.", ["kind", "outcome"], registry=_own)
job_seconds = Histogram(
    "sortie_job_duration_seconds", "Time a job took.", ["kind"], buckets=(*_BUCKETS, 300), registry=_own
)
sweeps = Counter(
    "sortie_sweeps", "Sweeps and retention runs, by how they ended.", ["task", "outcome"], registry=_own
)
sweep_seconds = Histogram(
    "sortie_sweep_duration_seconds", "Time a sweep took.", ["task"], buckets=(*_BUCKETS, 300), registry=_own
)
purged = Counter("sortie_recordings_purged", "Recordings removed for good.", registry=_own)
websockets = Counter("sortie_websockets_closed", "WebSockets that ended, by close code.", ["code"], registry=_own)
websockets_open = Gauge("sortie_websockets_open", "Open WebSockets.", multiprocess_mode="livesum", registry=_own)


def registry() -> CollectorRegistry:
    """What this process and those it shares a folder with have counted."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return _own
    _forget_the_dead(Path(folder))
    shared = CollectorRegistry()
    MultiProcessCollector(shared, folder)  # type: ignore[no-untyped-call]
    return shared


def failed(cause: str | Exception) -> None:
    """Count a recording that has failed."""
    failures.labels(cause if isinstance(cause, str) else type(cause).__name__).inc()


@contextmanager
def swept(task: str) -> Iterator[None]:
    """Count the block as one run of `task`."""
    begun, outcome = time.monotonic(), "failed"
    try:
        yield
        outcome = "done"
    finally:
        sweeps.labels(task, outcome).inc()
        sweep_seconds.labels(task).observe(time.monotonic() - begun)


def _forget_the_dead(folder: Path) -> None:
    """What is true only of a living process goes with it; what it has counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _lives(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
