"""Casts as we write them: in either version, to the microsecond, and back again."""

import gzip
import json
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.media.asciicast import Cast, Event, Header, keep, scan, version_2, version_3, without_input
from recordings.media.asciicast.header import About, Theme
from recordings.media.errors import CastError
from tests.terminal.build import cast, version_1, written
from tests.terminal.build import version_3 as cast_3
from tests.terminal.mutations import mutated

FULL = Header(
    version=2,
    width=120,
    height=40,
    timestamp=1768228222,
    title="Deploy 名前",
    command="/bin/bash -l",
    env={"SHELL": "/bin/bash", "TERM": "xterm"},
    theme=Theme("#000000", "#ffffff", ("#123456",) * 16),
    idle_time_limit=2.5,
    about=About("id", "web-1", "h1", "alice", "sortie/1"),
)
EVENTS: list[Event] = [
    (1, "o", "a\x1b[0m\r\n"),
    (1, "o", 'quote " and \\ and \0 and 名前 \U0001f600'),
    (999_999, "r", "100x50"),
    (86_400_000_001, "m", ""),
    (86_400_000_001, "x", "0"),
]
few = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # `make fuzz` is for finding; the suite must not depend on luck
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
events = st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from("oirmx"), texts), min_size=1).map(
    lambda found: [(time, code, "80x24" if code == "r" else text) for time, code, text in sorted(found)]
)


def read_back(path: Path, data: bytes) -> tuple[Header, list[Event]]:
    with written(path, data).open("rb") as file:
        opened = Cast(file)
        return opened.header, list(opened.events())


def test_version_2_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_back(tmp_path / "a", b"".join(version_2(FULL, EVENTS))) == (FULL, EVENTS)


def test_version_3_is_read_as_it_was_written(tmp_path: Path) -> None:
    header, events = read_back(tmp_path / "a", b"".join(version_3(FULL, EVENTS)))
    assert events == EVENTS
    assert (header.version, header.term_type) == (3, "xterm")
    assert (header.width, header.height, header.theme, header.about) == (120, 40, FULL.theme, FULL.about)
    assert (header.title, header.command, header.timestamp) == (FULL.title, FULL.command, FULL.timestamp)


def test_what_is_unknown_is_not_written() -> None:
    [line] = version_2(Header(2, 80, 24), [])
    assert json.loads(line) == {"version": 2, "width": 80, "height": 24}


def test_typed_input_can_be_left_out() -> None:
    assert list(without_input([(1, "i", "x"), (2, "o", "y")])) == [(2, "o", "y")]


@few
@given(events=events)
def test_events_survive_any_number_of_conversions(events: list[Event], tmp_path: Path) -> None:
    header = Header(2, 80, 24)
    for write in (version_2, version_3, version_3, version_2):
        data = b"".join(write(header, events))
        header, again = read_back(tmp_path / "a", data)
        assert again == events
        with (tmp_path / "a").open("rb") as file:
            assert scan(file).clean


@few
@given(seed=st.integers(0, 2**32))
def test_spoilt_casts_raise_only_cast_errors_or_come_back(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    upload = mutated(random, random.choice([cast(), cast_3(), version_1([1, "a"]), gzip.compress(cast())]))
    path = written(tmp_path / "spoilt", upload)
    try:
        with path.open("rb") as file, (tmp_path / "object").open("wb") as sink:
            kept = keep(file, scan(file), sink, with_input=True)
    except CastError:
        return
    stored = (tmp_path / "object").read_bytes()
    piece = stored[kept.original_start : kept.original_stop]
    assert (gzip.decompress(piece) if kept.original_packed else piece) == upload
    with written(tmp_path / "played", stored[: kept.played]).open("rb") as file:
        played = scan(file)
    assert played.clean
