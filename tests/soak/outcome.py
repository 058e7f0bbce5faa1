"""What came of one story of the soak."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """The figures of one story. `besides`: answers that refused, or what else it is about. `broken`: promises."""

    story: str
    faults: int
    recordings: int
    megabytes: float
    unanswered: int
    besides: str
    bytes_lost: int
    different: int
    twice: int
    ready_after: float
    broken: list[str]
