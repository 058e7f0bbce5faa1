"""Stretches of a recording in which nothing happened, and what skipping them makes of its times.

A player that is given an idle limit plays each such stretch as if it had lasted only so long, so that moments are
reached earlier than they were recorded. asciinema and its player measure from any event to the next. All times are
in microseconds, as those of events are: thousands of gaps that are each a little off add up to seconds.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

SHORTEST = 500_000


class Gaps:
    """Collects the gaps between events, and of too many only the long ones."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._shortest = SHORTEST
        self._found: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Between two events nothing happened."""
        if end - start <= self._shortest:
            return
        self._found.append((start, end - start))
        if len(self._found) > self._most:
            self._shortest *= 2
            self._found = [gap for gap in self._found if gap[1] > self._shortest]

    def made(self) -> "Idle":
        """All of them."""
        return Idle(self._shortest, tuple(self._found))


@dataclass(frozen=True, slots=True)
class Idle:
    """Where nothing happened, as (start, length), in order. Gaps up to `shortest` are left out."""

    shortest: int = SHORTEST
    gaps: tuple[tuple[int, int], ...] = ()

    def limited(self, limit: int | None) -> "PlayedTimes":
        """Times as a player has them that skips what is beyond `limit` of each gap; None: nothing is skipped.

        A limit below `shortest` is taken to be that, for shorter gaps are not known.
        """
        if limit is None:
            return PlayedTimes(())
        most = max(limit, self.shortest)
        return PlayedTimes((start, length, most) for start, length in self.gaps if length > most)


class PlayedTimes:
    """Recorded times and those at which a player reaches them."""

    def __init__(self, gaps: Iterable[tuple[int, int, int]]) -> None:
        self._starts: list[int] = []  # of what is skipped: where a gap has lasted as long as it may
        self._ends: list[int] = []
        self._skipped: list[int] = [0]  # before each, and after the last
        for start, length, limit in gaps:
            self._starts.append(start + limit)
            self._ends.append(start + length)
            self._skipped.append(self._skipped[-1] + length - limit)
        self._shown = [start - skipped for start, skipped in zip(self._starts, self._skipped, strict=False)]

    def played(self, recorded: int) -> int:
        """When a player shows what was recorded then."""
        index = bisect_right(self._starts, recorded)
        if not index:
            return recorded
        return recorded - self._skipped[index] + max(0, self._ends[index - 1] - recorded)

    def recorded(self, played: int) -> int:
        """The recorded time of what a player shows then; the end of a gap where that is skipped."""
        return played + self._skipped[bisect_right(self._shown, played)]
