"""The results as a section of README.md, between two comments that are there already."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.report import aim, machine, value
from tests.bench.runner import Result, Standing

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


def write(results: Sequence[Result], readme: Path = README) -> None:
    """Put what an aim is set for in the place of what stands there.

    Raises:
        ValueError: the file has no such place.
    """
    text = readme.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{readme.name} has no place for figures between {BEGIN} and {END}.")
    readme.write_text("".join([before, begin, "\n", _section(results), "\n", end, after]))


def _section(results: Sequence[Result]) -> str:
    where = f"{machine()}, {datetime.now(UTC):%Y-%m-%d}"
    rows = [
        _row(result, standing)
        for result in results
        for standing in result.standings
        if standing.aim is not None and standing.metric.told
    ]
    head = ["| | | Median | Ratio | Aim |", "|---|---|---|---|---|"]
    return "\n".join([f"{where}. Ratios to what stands in brackets, in rounds that take turns.", "", *head, *rows])


def _row(result: Result, standing: Standing) -> str:
    peer = f" ({result.reference})" if result.reference and not standing.metric.absolute else ""
    return f"| {' | '.join(_cells(result, standing, peer))} |"


def _cells(result: Result, standing: Standing, peer: str) -> Iterator[str]:
    yield f"{result.title}{peer}"
    yield f"{standing.entrant}, {standing.metric.name}"
    yield value(standing.median)
    yield "" if standing.ratio is None else f"{standing.ratio:.2f}"
    yield aim(standing) + ("" if standing.met else ", missed")
