"""What a crowd was answered and when, held against the times at which something was down."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

MARGIN = 1.0
"""Seconds after a process answers again in which an error is still put down to its end."""


@dataclass(frozen=True)
class Answer:
    """One request, from when to when by the monotonic clock. `status` is 0 where no whole answer came."""

    who: str
    what: str
    began: float
    ended: float
    status: int

    @property
    def is_error(self) -> bool:
        """Whether the portal failed in it, and not who asked."""
        return self.status == 0 or self.status >= 500


@dataclass(frozen=True)
class Outage:
    """From when nothing got through for one client, to when something did."""

    who: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass(frozen=True)
class Down:
    """A process that was killed, and when it answered again."""

    name: str
    began: float
    ended: float

    @property
    def service(self) -> str:
        return self.name.partition("-")[0]

    def covers(self, began: float, ended: float) -> bool:
        return began <= self.ended + MARGIN and ended >= self.began


@dataclass
class Log:
    """Of all clients. Threads only ever append to its lists."""

    answers: list[Answer] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def of(self, who: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.who == who]


def errors(answers: Collection[Answer], times: Collection[Down]) -> tuple[Counter[str], Counter[str]]:
    """How often what failed with which status: while one of those processes was down, and besides."""
    inside: Counter[str] = Counter()
    outside: Counter[str] = Counter()
    for answer in answers:
        if answer.is_error:
            covered = any(down.covers(answer.began, answer.ended) for down in times)
            (inside if covered else outside)[f"{answer.what} {answer.status or 'broken off'}"] += 1
    return inside, outside
