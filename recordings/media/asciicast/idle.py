"""Stretches of a recording in which nothing happened, and what skipping them makes of its times.

A player that is given an idle limit plays each such stretch as if it had lasted only so long, so that moments are
reached earlier than they were recorded. asciinema and its player measure from any event to the next.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

SHORTEST_MS = 500


class Gaps:
    """Collects the gaps between events, and of too many only the long ones. Times in microseconds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._shortest = SHORTEST_MS * 1000
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
        """All of them, in milliseconds."""
        return Idle(
            shortest_ms=self._shortest // 1000,
            gaps=tuple((round(start / 1000), round(length / 1000)) for start, length in self._found),
        )


@dataclass(frozen=True, slots=True)
class Idle:
    """Where nothing happened: (start, length) in milliseconds, in order. Gaps up to `shortest_ms` are left out."""

    shortest_ms: int = SHORTEST_MS
    gaps: tuple[tuple[int, int], ...] = ()

    def limited(self, limit_ms: int | None) -> "PlayedTimes":
        """Times as a player has them that skips what is beyond `limit_ms` of each gap; None: nothing is skipped.

        A limit below `shortest_ms` is taken to be that, for shorter gaps are not known.
        """
        if limit_ms is None:
            return PlayedTimes(())
        limit_ms = max(limit_ms, self.shortest_ms)
        return PlayedTimes((start, length, limit_ms) for start, length in self.gaps if length > limit_ms)


class PlayedTimes:
    """Recorded times and those at which a player reaches them, in milliseconds."""

    def __init__(self, gaps: Iterable[tuple[int, int, int]]) -> None:
        self._starts: list[int] = []  # of what is skipped: where a gap has lasted as long as it may
        self._ends: list[int] = []
        self._skipped: list[int] = [0]  # before each, and after the last
        for start, length, limit in gaps:
            self._starts.append(start + limit)
            self._ends.append(start + length)
            self._skipped.append(self._skipped[-1] + length - limit)

    def played(self, recorded_ms: int) -> int:
        """When a player shows what was recorded then."""
        index = bisect_right(self._starts, recorded_ms)
        if not index:
            return recorded_ms
        inside = max(0, self._ends[index - 1] - recorded_ms)
        return recorded_ms - self._skipped[index] + inside

    def recorded(self, played_ms: int) -> int:
        """The recorded time of what a player shows then; the end of a gap where that is skipped."""
        shown = [start - skipped for start, skipped in zip(self._starts, self._skipped, strict=False)]
        index = bisect_right(shown, played_ms)
        return played_ms + self._skipped[index]
