"""What the kernel knows of a process and its children: CPU time and memory (Linux; elsewhere nothing is known)."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    return [int(child) for child in _read(pid, f"task/{pid}/children").split()]


def children_by_size(pid: int) -> tuple[int, ...]:
    """Its children, those with the most resident memory first: of a server, the ones that serve."""
    return tuple(sorted(children(pid), key=lambda child: int(_read(child, "statm").split()[1]), reverse=True))


@contextmanager
def on_cores(cores: Collection[int]) -> Iterator[None]:
    """What is started in the block runs on these cores alone (Linux); on all of them if there are none."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(*pids: int) -> float:
    """User and system time of these processes so far."""
    total = 0
    for pid in pids:
        fields = _read(pid, "stat").rpartition(")")[2].split()
        total += sum(map(int, fields[11:13]))
    return total / _TICKS


def memory_mb(pid: int) -> dict[str, float]:
    """Resident memory in MB, now and at its peak."""
    lines = dict(line.split(":", 1) for line in _read(pid, "status").splitlines() if line.startswith("Vm"))
    names = {"RSS MB": "VmRSS", "peak MB": "VmHWM"}
    return {name: int(lines[field].split()[0]) / 1000 for name, field in names.items() if field in lines}


@contextmanager
def cpu_of(*pids: int) -> Iterator[list[float]]:
    """A list that holds the CPU seconds the processes took, once the block has ended."""
    taken: list[float] = []
    before = cpu_seconds(*pids)
    yield taken
    taken.append(cpu_seconds(*pids) - before)


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()
