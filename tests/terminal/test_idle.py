"""Times as a player has them that skips what is idle. The player itself is asked in the browser's tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.media.asciicast import Idle
from recordings.media.asciicast.idle import Gaps

# Events at 0.1, 10.1, 10.6 and 25.6 seconds, in milliseconds rather than the microseconds of real ones.
IDLE = Idle(shortest=500, gaps=((100, 10_000), (10_600, 15_000)))


@pytest.mark.parametrize(
    ("recorded", "played"),
    [
        (0, 0),
        (100, 100),
        (2100, 2100),  # the gap has lasted as long as it may
        (5000, 2100),
        (10_100, 2100),
        (10_600, 2600),
        (12_600, 4600),
        (20_000, 4600),
        (25_600, 4600),
        (26_000, 5000),
    ],
)
def test_recorded_moments_are_reached_earlier(recorded: int, played: int) -> None:
    assert IDLE.limited(2000).played(recorded) == played


@pytest.mark.parametrize(
    ("played", "recorded"), [(0, 0), (2000, 2000), (2100, 10_100), (2600, 10_600), (4600, 25_600), (5000, 26_000)]
)
def test_played_moments_were_recorded_later(played: int, recorded: int) -> None:
    assert IDLE.limited(2000).recorded(played) == recorded


def test_without_a_limit_times_are_the_same() -> None:
    assert IDLE.limited(None).played(20_000) == IDLE.limited(None).recorded(20_000) == 20_000


def test_of_too_many_gaps_the_long_ones_stay() -> None:
    gaps = Gaps(most=10)
    now = 0
    for n in range(100):
        length = 60_000_000 if n % 25 == 0 else 600_000
        gaps.add(now, now + length)
        now += length
    made = gaps.made()
    assert [length for _, length in made.gaps] == [60_000_000] * 4
    assert made.shortest == 1_000_000
    assert made.limited(10).played(now) == made.limited(1_000_000).played(now)


lengths = st.lists(st.integers(1, 5_000_000), min_size=1, max_size=50)


@given(lengths=lengths, limit=st.integers(500_000, 4_000_000))
def test_it_is_what_playing_event_by_event_comes_to(lengths: list[int], limit: int) -> None:
    gaps = Gaps(most=1000)
    events, shown = [0], [0]
    for length in lengths:
        gaps.add(events[-1], events[-1] + length)
        events.append(events[-1] + length)
        shown.append(shown[-1] + min(length, limit))
    times = gaps.made().limited(limit)
    assert [times.played(event) for event in events] == shown
    assert [times.recorded(moment) for moment in shown] == events


@given(lengths=lengths, limit=st.integers(500_000, 4_000_000))
def test_later_is_never_earlier(lengths: list[int], limit: int) -> None:
    gaps = Gaps(most=1000)
    now = 0
    for length in lengths:
        gaps.add(now, now + length)
        now += length
    times = gaps.made().limited(limit)
    played = [times.played(moment) for moment in range(0, now, 97_001)]
    assert played == sorted(played)
    recorded = [times.recorded(moment) for moment in range(0, now, 97_001)]
    assert recorded == sorted(recorded)
