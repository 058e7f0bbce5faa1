"""The results as a table to read and as JSON to keep, each with the machine and the day they are of."""

import json
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.runner import Result, Standing

_WIDTHS = (38, 12, 9, 13, 10, 6)


def machine() -> str:
    """The class of this machine: processor, cores, memory, system. Names nobody's host."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def table(results: Sequence[Result], missing: Sequence[str]) -> str:
    lines = [f"{machine()}; {datetime.now(UTC):%Y-%m-%d}", "Medians of interleaved rounds; ratios round by round."]
    for result in results:
        lines += ["", f"{result.title} ({result.rounds} rounds)", *_rows(result)]
    return "\n".join([*lines, *([""] if missing else []), *(f"Left out: {what}" for what in missing)])


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """The middle one, those that 95 and 99 of 100 do not exceed, and the greatest."""
    ordered = sorted(values)
    return {
        name: ordered[min(len(ordered) * hundredths // 100, len(ordered) - 1)]
        for name, hundredths in (("p50", 50), ("p95", 95), ("p99", 99), ("most", 100))
    }


def save(results: Sequence[Result], missing: Sequence[str]) -> Path:
    """Write everything as JSON to a new temporary file."""
    taken = datetime.now(UTC)
    content = {
        "machine": machine(),
        "date": taken.isoformat(timespec="seconds"),
        "results": [_plain(result) for result in results],
        "missing": list(missing),
    }
    name = f"sortie-bench-{taken:%Y%m%d-%H%M%S}-"
    with tempfile.NamedTemporaryFile("w", prefix=name, suffix=".json", delete=False) as file:
        json.dump(content, file, indent=1)
    return Path(file.name)


def _plain(result: Result) -> dict[str, Any]:
    return asdict(result) | {"standings": [asdict(each) | {"met": each.met} for each in result.standings]}


def _rows(result: Result) -> Iterator[str]:
    metric = None
    for standing in result.standings:
        if standing.metric is not metric:
            metric = standing.metric
            yield _row("", metric.name, "ratio", "from .. to", "aim", "")
        yield _row(*_cells(standing, is_reference=standing.entrant == result.reference))


def _cells(standing: Standing, *, is_reference: bool) -> tuple[str, ...]:
    ratio, spread = "", ""
    if is_reference:
        ratio = "1"
    elif standing.ratio is not None:
        ratio, spread = f"{standing.ratio:.2f}", f"{standing.least:.2f} .. {standing.most:.2f}"
    met = {None: "", True: "met", False: "short"}[standing.met]
    return (
        standing.entrant,
        value(standing.median),
        ratio,
        spread,
        aim(standing),
        met,
    )


def value(figure: float) -> str:
    """With as many digits as are of interest."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def aim(standing: Standing) -> str:
    """The bound, in words."""
    if standing.aim is None:
        return ""
    return f"{'>=' if standing.metric.higher_is_better else '<'} {standing.aim:g}"


def _row(*cells: str) -> str:
    first, *others = (
        cell.rjust(width) if place else f"  {cell}".ljust(width)
        for place, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True))
    )
    return "".join([first, *others]).rstrip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
