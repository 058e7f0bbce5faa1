"""A large cast in segments, so that a player starts at once and seeks anywhere without having all of it.

Each segment is JSON: `{"snapshot": {"cols", "rows", "init"}, "events": [[seconds, code, text], ...]}`, the screen
before it, and its events with times from the start of the recording. Starts are strictly increasing, from 0 on;
each segment but the first begins with an event at its start. Typed input is left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recordings.media.asciicast.events import INPUT, MARKER
from recordings.media.asciicast.packing import packed
from recordings.media.asciicast.scan import LONGEST_LABEL
from recordings.media.asciicast.writing import event_json, json_string

FULL = 1 << 20  # characters of JSON; a browser reads so many in some 20 ms
OVERFULL = 8 * FULL  # at one moment: then its events are set a microsecond apart

Snapshot = Callable[[], tuple[int, int, str]]
"""Columns, rows, and output that brings a fresh terminal of that size to where the recorded one was."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`start` in microseconds; `data` is its JSON as one gzip member."""

    start: int
    data: bytes


class Segmenter:
    """Takes events and gives segments."""

    def __init__(self, columns: int, rows: int) -> None:
        self._snapshot = (columns, rows, "")
        self._start = self._last = 0
        self._events: list[str] = []
        self._size = 0

    def add(self, time: int, code: str, text: str, snapshot: Snapshot) -> Iterator[Segment]:
        """The next event, and how to get a snapshot of the screen before it. Gives the segment that it does not
        belong to any more, if it is the first of another."""
        if code == INPUT:
            return
        time = max(time, self._last)
        if self._size >= OVERFULL and time == self._last:
            time += 1
        if self._size >= FULL and time > self._last:
            yield self._segment()
            self._start = time
            self._snapshot = snapshot()
        if code == MARKER:
            text = text[:LONGEST_LABEL]
        event = event_json(time, code, text)
        self._events.append(event)
        self._size += len(event)
        self._last = time

    def end(self) -> Iterator[Segment]:
        """The last segment, unless there was no event at all."""
        if self._events:
            yield self._segment()

    def _segment(self) -> Segment:
        columns, rows, init = self._snapshot
        opening = f'{{"snapshot":{{"cols":{columns},"rows":{rows},"init":{json_string(init)}}},"events":['
        text = f"{opening}{','.join(self._events)}]}}"
        self._events, self._size = [], 0
        return Segment(self._start, packed(text.encode("utf-8", "replace")))
