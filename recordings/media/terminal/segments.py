"""A large cast in segments, so that a player starts at once and seeks anywhere without having all of it.

Each segment is JSON: a snapshot of the screen before it, and its events with times from the start of the recording.
asciinema-player 3.17 reads them by an index; its format is not documented, and was taken from `segmented.js` there:
starts are strictly increasing, the first is 0; a segment begins with an event at its start (but for the first) and
holds one at least; the last event of all is at the recording's duration. Typed input is left out.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recordings.media.asciicast.events import INPUT, MARKER, OUTPUT
from recordings.media.asciicast.header import Header
from recordings.media.asciicast.idle import PlayedTimes
from recordings.media.asciicast.packing import packed
from recordings.media.asciicast.scan import LONGEST_LABEL, Marker
from recordings.media.asciicast.writing import event_json, json_string, seconds_text, theme_json

FULL = 1 << 20  # characters of JSON; a browser reads so many in some 20 ms
OVERFULL = 8 * FULL  # at one moment: then its events are set a microsecond apart
MOST_SNAPSHOT = 1 << 24

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

    @property
    def duration(self) -> int:
        """Microseconds from the start to the last event that is in a segment."""
        return self._last

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
        if self._events and 0 < self._start == self._last:  # a segment has to begin before the recording ends
            self._last += 1
            self._events.append(event_json(self._last, OUTPUT, ""))
        if self._events:
            yield self._segment()

    def _segment(self) -> Segment:
        columns, rows, init = self._snapshot
        opening = f'{{"snapshot":{{"cols":{columns},"rows":{rows},"init":{json_string(init)}}},"events":['
        text = f"{opening}{','.join(self._events)}]}}"
        self._events, self._size = [], 0
        return Segment(self._start, packed(text.encode("utf-8", "replace")))


def player_index(
    header: Header, starts: list[int], duration: int, markers: tuple[Marker, ...], *, times: PlayedTimes, name: str
) -> bytes:
    """The index that asciinema-player wants, as JSON. `starts` and `duration` are in microseconds.

    times: how the player is to skip what is idle; its segments must be `retimed` by the same.
    name: the address of a segment, relative to that of the index, with `{}` for its number.
    """
    term: dict[str, object] = {"cols": header.width, "rows": header.height}
    if header.theme:
        term["theme"] = theme_json(header.theme)
    segments = ",".join(
        f'{{"start":{seconds_text(times.played(start))},"url":{json.dumps(name.format(number))}}}'
        for number, start in enumerate(starts)
    )
    named = ",".join(f"[{seconds_text(times.played(marker.at))},{json_string(marker.label)}]" for marker in markers)
    return (
        f'{{"version":1,"duration":{seconds_text(times.played(duration))},"term":{json.dumps(term)},'
        f'"markers":[{named}],"segments":[{segments}]}}'
    ).encode()


def retimed(segment: bytes, times: PlayedTimes) -> bytes:
    """The JSON of a segment with its events at the times at which a player is to show them."""
    content = json.loads(segment)
    events = ",".join(
        event_json(times.played(round(time * 1_000_000)), code, text) for time, code, text in content["events"]
    )
    return f'{{"snapshot":{json.dumps(content["snapshot"])},"events":[{events}]}}'.encode()
