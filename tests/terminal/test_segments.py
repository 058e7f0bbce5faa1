"""Segments: as asciinema-player wants them, whole together, each with the screen before it."""

import gzip
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.media.asciicast import Event, Header, Idle, Marker
from recordings.media.asciicast.idle import Gaps
from recordings.media.terminal import segments
from recordings.media.terminal.segments import Segment, Segmenter, player_index, retimed
from recordings.media.terminal.transcript import Transcriber, screen_at

SECOND = 1_000_000
EVERY_TIME = Idle().limited(None)


def segmented(events: list[Event], *, full: int = 300) -> tuple[list[Segment], int]:
    """Small segments of events, and how long they last."""
    transcriber = Transcriber(20, 5)
    made: list[Segment] = []
    segmenter = Segmenter(20, 5)

    def snapshot() -> tuple[int, int, str]:
        text = transcriber.snapshot()
        return (*transcriber.screen.size, text)

    before, segments.FULL = segments.FULL, full
    try:
        for event in events:
            made += segmenter.add(*event, snapshot)
            transcriber.add(*event)
        made += segmenter.end()
    finally:
        segments.FULL = before
    return made, segmenter.duration


def content(segment: Segment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(segment.data))
    return found


def check_as_the_player_does(index: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    """Every condition that its loader has."""
    duration, starts = index["duration"], [each["start"] for each in index["segments"]]
    assert index["version"] == 1
    assert starts[0] == 0
    assert all(one < other for one, other in pairwise(starts))
    assert all(start < duration for start in starts[1:])
    times = [time for time, _ in index["markers"]]
    assert times == sorted(times)
    assert all(0 <= time <= duration for time in times)
    for number, part in enumerate(parts):
        moments = [event[0] for event in part["events"]]
        assert moments
        assert moments == sorted(moments)
        assert moments[0] == starts[number] or number == 0
        assert moments[-1] < starts[number + 1] if number + 1 < len(parts) else moments[-1] == duration
        assert part["snapshot"]["cols"] > 0
        assert part["snapshot"]["rows"] > 0


texts = st.text(alphabet='ab漢\x1b[31mHJ\r\n"\\\0', max_size=40)
events = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 1000, 3 * SECOND]), st.sampled_from("ooooim"), texts),
    min_size=1,
    max_size=60,
).filter(lambda found: any(code != "i" for _, code, _ in found))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(steps=events, limit=st.sampled_from([None, 500_000, 1_000_000]))
def test_segments_hold_everything_and_can_be_entered_anywhere(
    steps: list[tuple[int, str, str]], limit: int | None
) -> None:
    recorded: list[Event] = []
    gaps = Gaps(1000)
    for gap, code, text in steps:
        before = recorded[-1][0] if recorded else 0
        recorded.append((before + gap, code, text))
        gaps.add(before, before + gap)
    made, duration = segmented(recorded)
    shown = [event for event in recorded if event[1] != "i"]
    parts = [(code, text) for part in made for _, code, text in content(part)["events"]]
    assert parts[: len(shown)] == [(code, text) for _, code, text in shown]
    assert parts[len(shown) :] in ([], [("o", "")])
    markers = tuple(Marker(time, text) for time, code, text in shown if code == "m")
    times = gaps.made().limited(limit)
    starts = [part.start for part in made]
    index = json.loads(player_index(Header(2, 20, 5), starts, duration, markers, times=times, name="{}.json"))
    check_as_the_player_does(index, [json.loads(retimed(gzip.decompress(part.data), times)) for part in made])
    for part in made[1:]:
        snapshot = content(part)["snapshot"]
        screen = screen_at(snapshot["cols"], snapshot["rows"], [(0, "o", snapshot["init"])], 0)
        assert screen.lines() == screen_at(20, 5, recorded, part.start - 1).lines()


def test_many_events_at_one_moment_are_set_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "OVERFULL", 600)
    made, duration = segmented([(5, "o", "x" * 50)] * 100)
    assert len(made) > 5
    assert duration < 200
    assert sum(len(content(part)["events"]) for part in made) in (100, 101)


def test_a_segment_knows_the_size_of_the_terminal() -> None:
    made, _ = segmented([(1, "r", "40x9"), (2, "o", "x" * 400), (3, "o", "y"), (4, "o", "z")])
    assert [content(part)["snapshot"]["cols"] for part in made] == [20, 40]


def test_an_index_names_sizes_colours_and_addresses() -> None:
    index = player_index(Header(2, 80, 24), [0, 5], 10, (Marker(7, 'a "b"'),), times=EVERY_TIME, name="s/{}?k=v")
    assert json.loads(index) == {
        "version": 1,
        "duration": 0.00001,
        "term": {"cols": 80, "rows": 24},
        "markers": [[0.000007, 'a "b"']],
        "segments": [{"start": 0, "url": "s/0?k=v"}, {"start": 0.000005, "url": "s/1?k=v"}],
    }
