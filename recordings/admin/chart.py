"""Storage over time as a picture: the shapes of an area chart, which a template draws as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from recordings.models import StorageDay
from recordings.templatetags.sortie import MB

WIDTH, HEIGHT = 720, 160
GRID = 4


@dataclass(frozen=True)
class Column:
    """One day: its place in the picture, and what is said of it on hover."""

    x: float
    width: float
    day: date
    stored_bytes: int


@dataclass(frozen=True)
class Chart:
    """Paths in a box of `width` x `height`, lines of the grid as y, and their labels in MB from the top down."""

    width: int
    height: int
    line: str
    area: str
    columns: list[Column]
    labels: list[str]
    grid: list[float]
    first: date
    last: date


def draw(days: Sequence[StorageDay]) -> Chart | None:
    """The chart of `days`, oldest first; None if they are too few to make a curve."""
    if len(days) < 2:
        return None
    first, last = days[0].day, days[-1].day
    top = _round_up(max(day.stored_bytes for day in days) / MB)
    step = WIDTH / (last - first).days
    points = [
        ((day.day - first).days * step, round(HEIGHT - HEIGHT * day.stored_bytes / MB / top, 2)) for day in days
    ]
    line = "M" + "L".join(f"{x:.2f} {y}" for x, y in points)
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        line=line,
        area=f"{line}V{HEIGHT}H0Z",
        columns=[_column(x, step, day) for (x, _), day in zip(points, days, strict=True)],
        labels=[_label(top * (GRID - i) / GRID) for i in range(GRID + 1)],
        grid=[HEIGHT * i / GRID for i in range(GRID + 1)],
        first=first,
        last=last,
    )


def _column(x: float, step: float, day: StorageDay) -> Column:
    left, right = max(0.0, x - step / 2), min(float(WIDTH), x + step / 2)
    return Column(round(left, 2), round(right - left, 2), day.day, day.stored_bytes)


def _round_up(amount: float) -> float:
    """The next number of MB that splits into four round parts: 4, 8, 20, 40, 80, 200 ..."""
    scale = 1.0
    while True:
        for front in (4, 8, 20):
            if amount <= front * scale:
                return front * scale
        scale *= 10


def _label(amount: float) -> str:
    return f"{amount:,.0f} MB"
