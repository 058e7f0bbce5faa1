"""Segments: whole together, each with the screen before it."""

import gzip
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.media.asciicast import Event
from recordings.media.terminal import segments
from recordings.media.terminal.segments import Segment, Segmenter
from recordings.media.terminal.transcript import Transcriber, screen_at

SECOND = 1_000_000


def segmented(events: list[Event], *, full: int = 300) -> list[Segment]:
    """Small segments of events."""
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
    return made


def content(segment: Segment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(segment.data))
    return found


def check_order(made: list[Segment]) -> None:
    """What a player relies on."""
    starts = [part.start / SECOND for part in made]
    assert starts[0] == 0
    assert all(one < other for one, other in pairwise(starts))
    for number, part in enumerate(map(content, made)):
        moments = [event[0] for event in part["events"]]
        assert moments
        assert moments == sorted(moments)
        assert moments[0] == starts[number] or number == 0
        assert number + 1 == len(made) or moments[-1] < starts[number + 1]
        assert part["snapshot"]["cols"] > 0
        assert part["snapshot"]["rows"] > 0


texts = st.text(alphabet='ab漢\x1b[31mHJ\r\n"\\\0', max_size=40)
events = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 1000, 3 * SECOND]), st.sampled_from("ooooim"), texts),
    min_size=1,
    max_size=60,
).filter(lambda found: any(code != "i" for _, code, _ in found))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(steps=events)
def test_segments_hold_everything_and_can_be_entered_anywhere(steps: list[tuple[int, str, str]]) -> None:
    recorded: list[Event] = []
    for gap, code, text in steps:
        before = recorded[-1][0] if recorded else 0
        recorded.append((before + gap, code, text))
    made = segmented(recorded)
    shown = [event for event in recorded if event[1] != "i"]
    assert [(code, text) for part in made for _, code, text in content(part)["events"]] == [
        (code, text) for _, code, text in shown
    ]
    check_order(made)
    for part in made[1:]:
        snapshot = content(part)["snapshot"]
        screen = screen_at(snapshot["cols"], snapshot["rows"], [(0, "o", snapshot["init"])], 0)
        assert screen.lines() == screen_at(20, 5, recorded, part.start - 1).lines()


def test_many_events_at_one_moment_are_set_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "OVERFULL", 600)
    made = segmented([(5, "o", "x" * 50)] * 100)
    assert len(made) > 5
    check_order(made)
    assert content(made[-1])["events"][-1][0] < 200 / SECOND
    assert sum(len(content(part)["events"]) for part in made) == 100


def test_a_segment_knows_the_size_of_the_terminal() -> None:
    made = segmented([(1, "r", "40x9"), (2, "o", "x" * 400), (3, "o", "y"), (4, "o", "z")])
    assert [content(part)["snapshot"]["cols"] for part in made] == [20, 40]
