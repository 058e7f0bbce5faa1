"""Hold a contest: every entrant once a round, round after round, so that a noisy machine is noisy for all alike.

A bench is a module with `contests(bench)`, a generator that starts what it needs, yields one `Contest` after the
other, and stops it all when it is closed.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Sample = Mapping[str, float]  # one measurement, by the names of the contest's metrics


@dataclass(frozen=True)
class Metric:
    """One column. `aims`, by entrant, bound the ratio to the reference, or with `absolute` the value itself.

    told: whether README tells it too, if it has an aim.
    """

    name: str
    higher_is_better: bool
    aims: Mapping[str, float] = field(default_factory=dict)
    absolute: bool = False
    told: bool = True


@dataclass(frozen=True)
class Entrant:
    """`prepare` is not part of the measurement; `run` is, and says by itself what it measured."""

    name: str
    run: Callable[[], Sample]
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Contest:
    """`reference` names the entrant that the others are compared with; without one there are no ratios.

    `rounds`: how often each runs, for contests that need another number than the usual one.
    """

    title: str
    metrics: Sequence[Metric]
    entrants: Sequence[Entrant]
    reference: str = ""
    rounds: int | None = None


@dataclass(frozen=True)
class Standing:
    """How one entrant did by one metric: medians, and the range of its ratio from round to round."""

    entrant: str
    metric: Metric
    median: float
    ratio: float | None
    least: float | None
    most: float | None

    @property
    def aim(self) -> float | None:
        return self.metric.aims.get(self.entrant)

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None if there is none, or nothing to compare with."""
        value = self.median if self.metric.absolute else self.ratio
        if self.aim is None or value is None:
            return None
        return value >= self.aim if self.metric.higher_is_better else value < self.aim


@dataclass(frozen=True)
class Result:
    title: str
    reference: str
    rounds: int
    standings: Sequence[Standing]


@dataclass
class Bench:
    """What a bench is given: an empty folder, how many rounds there are, where to say what is missing, its size."""

    folder: Path
    rounds: int
    missing: list[str] = field(default_factory=list)
    full: bool = False

    def new_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def without(self, what: str) -> None:
        """Note, in one sentence, what is left out and why."""
        self.missing.append(what)


def hold(contest: Contest, *, rounds: int, until: float) -> Result:
    """Run the rounds; after `until`, on the monotonic clock, no further one is begun (the first always is)."""
    samples: dict[str, list[Sample]] = {entrant.name: [] for entrant in contest.entrants}
    held = 0
    for _ in range(contest.rounds or rounds):
        if held and time.monotonic() > until:
            break
        for entrant in contest.entrants:
            entrant.prepare()
            samples[entrant.name].append(entrant.run())
        held += 1
    return Result(contest.title, contest.reference, held, list(_standings(contest, samples)))


def _standings(contest: Contest, samples: Mapping[str, Sequence[Sample]]) -> Iterator[Standing]:
    for metric in contest.metrics:
        columns = {
            name: [sample[metric.name] for sample in taken if metric.name in sample]
            for name, taken in samples.items()
        }
        for name, values in columns.items():
            if values:
                yield _standing(name, metric, values, columns.get(contest.reference))


def _standing(name: str, metric: Metric, values: list[float], reference: list[float] | None) -> Standing:
    # Round by round: what slowed a whole round down does not count.
    ratios = [mine / its for mine, its in zip(values, reference or [], strict=False) if its]
    return Standing(
        entrant=name,
        metric=metric,
        median=statistics.median(values),
        ratio=statistics.median(ratios) if ratios else None,
        least=min(ratios, default=None),
        most=max(ratios, default=None),
    )
