"""Casts of every version, as recorders and people write them: what is read, what is put right, what is refused."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from recordings.media.asciicast import Cast, Event
from recordings.media.asciicast.header import About, Theme
from recordings.media.errors import CastBeyondLimits, CastError, DamagedCast, NotCast, TookTooLong
from recordings.media.limits import CastLimits
from tests.terminal import build
from tests.terminal.build import EVENTS, cast, events_in, scanned, version_1, version_3

READ: list[Event] = [(500_000, "o", "one\r\n"), (1_250_000, "o", "two\r\n"), (61_250_000, "o", "three\r\n")]
DELAYS = [[0.5, "one\r\n"], [0.75, "two\r\n"], [60, "three\r\n"]]
INTERVALS = [[0.5, "o", "one\r\n"], [0.75, "o", "two\r\n"], [60, "o", "three\r\n"]]


@pytest.mark.parametrize(
    "data",
    [
        cast(),
        version_3(*INTERVALS),
        version_1(*DELAYS),
        json.dumps({"stdout": DELAYS, "version": 1, "height": 24, "width": 80}, indent=1).encode(),
        cast().replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + cast(),
        cast(*EVENTS[:1], b"", b"# a note", b"   ", *EVENTS[1:]),
        version_3(*INTERVALS[:1], b"# a note", b"", *INTERVALS[1:]),
        cast().rstrip(b"\n"),
        cast(b' [ 0.5 , "\\u006f" ,"one\\r\\n"]', *EVENTS[1:]),
        cast([500e-3, "o", "one\r\n"], b'[1.25e0, "o", "two\\r\\n"]', EVENTS[2]),
    ],
    ids=[
        "2",
        "3",
        "1",
        "1 spread",
        "CRLF",
        "BOM",
        "blank",
        "3 with notes",
        "no last newline",
        "spaced",
        "exponent",
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_version_gives_the_same_events(data: bytes, packed: bool, tmp_path: Path) -> None:
    assert events_in(tmp_path / "a.cast", gzip.compress(data) if packed else data) == READ


def test_a_file_of_many_gzip_members_is_one_recording(tmp_path: Path) -> None:
    data = b"".join(gzip.compress(part + b"\n") for part in cast().splitlines())
    found = scanned(tmp_path / "a.cast.gz", data + bytes(1000))
    assert (found.members, found.duration_ms, found.truncated) == (4, 61250, False)


def test_everything_a_header_says_is_told(tmp_path: Path) -> None:
    theme = {"fg": "#ffffff", "bg": "#000000", "palette": ":".join(["#123456"] * 8)}
    found = scanned(
        tmp_path / "a.cast",
        cast(
            title="Deploy \u202e",
            command="/bin/bash",
            env={"SHELL": "/bin/zsh", "TERM": "xterm"},
            idle_time_limit=2.5,
            theme=theme,
            sortie={"session_id": "ab", "host": "web-1", "host_id": "h1", "user": "alice", "agent": "sortie/1"},
        ),
    )
    header = found.header
    assert (header.title, header.command, header.timestamp) == ("Deploy \u202e", "/bin/bash", 1768228222)
    assert header.env == {"SHELL": "/bin/zsh", "TERM": "xterm"}
    assert header.theme == Theme("#ffffff", "#000000", ("#123456",) * 8)
    assert header.idle_time_limit == 2.5
    assert header.about == About("ab", "web-1", "h1", "alice", "sortie/1")
    assert found.clean


@pytest.mark.parametrize(
    ("header", "about"),
    [
        ({"agent_name": "web-1", "user": "bob", "session_id": "x"}, About("x", "web-1", user="bob")),
        ({"sortie": 5, "hostname": "db", "username": "eve"}, About(host="db", user="eve")),
        ({"sortie": {"user": "alice"}, "user": "root"}, About(user="alice")),
        ({"user": ["alice"], "host": 7}, About()),
    ],
)
def test_who_and_where_are_found_where_recorders_put_them(
    header: dict[str, Any], about: About, tmp_path: Path
) -> None:
    assert scanned(tmp_path / "a.cast", cast(**header)).header.about == about


def test_version_3_says_it_in_other_places(tmp_path: Path) -> None:
    term = {"cols": 120, "rows": 40, "type": "xterm-256color", "version": "kitty"}
    header = scanned(tmp_path / "a.cast", version_3(term=term)).header
    assert (header.width, header.height, header.term_type, header.term_version) == (
        120,
        40,
        "xterm-256color",
        "kitty",
    )


def test_a_scan_tells_what_there_is(tmp_path: Path) -> None:
    found = scanned(
        tmp_path / "a.cast",
        cast(
            [0.1, "o", "$ "],
            [1.0, "i", "l"],
            [1.1, "o", "l"],
            [2.0, "r", "100x30"],
            [3.0, "m", "here"],
            [3.5, "m", ""],
            [10.25, "zz", "?"],
            [10.5, "x", "3"],
        ),
    )
    assert dict(found.events) == {"o": 2, "i": 1, "r": 1, "m": 2, "zz": 1, "x": 1}
    assert (found.width, found.height, found.largest) == (80, 24, (100, 30))
    assert (found.duration_ms, found.exit_status) == (10500, 3)
    assert [(marker.at, marker.label) for marker in found.markers] == [(3_000_000, "here"), (3_500_000, "")]
    assert [(start // 1000, length // 1000) for start, length in found.idle.gaps] == [
        *((100, 900), (1100, 900), (2000, 1000), (3500, 6750))
    ]


REPAIRED = {
    "time going back": (cast([2, "o", "a"], [1, "o", "b"]), [(2_000_000, "o", "a"), (2_000_000, "o", "b")]),
    "no UTF-8": (cast(b'[1, "o", "a\xff\xfeb"]'), [(1_000_000, "o", "a\ufffd\ufffdb")]),
    "half a surrogate pair": (cast(b'[1, "o", "a\\ud83db"]'), [(1_000_000, "o", "a\ufffdb")]),
    "raw control characters": (cast(b'[1, "o", "a\tb\x1b[0m"]'), [(1_000_000, "o", "a\tb\x1b[0m")]),
    "resize to nothing": (cast([1, "o", "a"], [2, "r", "0x0"]), [(1_000_000, "o", "a")]),
    "resize to the moon": (cast([1, "o", "a"], [2, "r", "99999x99999"]), [(1_000_000, "o", "a")]),
    "resize in words": (cast([1, "o", "a"], [2, "r", "wide"]), [(1_000_000, "o", "a")]),
}


@pytest.mark.parametrize("case", REPAIRED)
def test_what_can_be_put_right_is(case: str, tmp_path: Path) -> None:
    data, events = REPAIRED[case]
    assert events_in(tmp_path / "a.cast", data) == events
    assert not scanned(tmp_path / "a.cast", data).clean


def test_a_whole_surrogate_pair_and_a_nul_are_nothing_special(tmp_path: Path) -> None:
    data = cast(b'[1, "o", "\\ud83d\\ude00\\u0000"]')
    assert events_in(tmp_path / "a.cast", data) == [(1_000_000, "o", "\U0001f600\0")]
    assert scanned(tmp_path / "a.cast", data).clean


ODD_HEADERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "float time": ({"timestamp": 1768228222.5}, {"timestamp": 1768228222}),
    "time of the end of the world": ({"timestamp": 1e20}, {"timestamp": None}),
    "no size": ({"width": 0, "height": 0}, {"width": 80, "height": 24}),
    "title of another kind": ({"title": ["a"]}, {"title": ""}),
    "env of another kind": ({"env": {"A": 5, "B": None, "C": "c"}}, {"env": {"A": "", "C": "c"}}),
    "empty theme": ({"theme": {}}, {"theme": None}),
    "limit that is none": ({"idle_time_limit": "2"}, {"idle_time_limit": None}),
    "escapes in the title": ({"title": "a\x1b]0;b\x07\0c"}, {"title": "a]0;bc"}),
}


@pytest.mark.parametrize("case", ODD_HEADERS)
def test_what_a_header_may_say_is_put_right_or_left_out(case: str, tmp_path: Path) -> None:
    given, read = ODD_HEADERS[case]
    header = scanned(tmp_path / "a.cast", cast(**given)).header
    assert {name: getattr(header, name) for name in read} == read


DAMAGED: dict[str, tuple[bytes, int | None, str]] = {
    "not JSON": (cast(EVENTS[0], b"[1.0, hello]", EVENTS[1]), 3, "line 3 is not valid JSON"),
    "half a line": (cast(EVENTS[0], b'[1.0, "o", "ab', EVENTS[1]), 3, "line 3 has text that is no JSON string"),
    "NaN": (cast(b'[NaN, "o", "a"]'), 2, "line 2 is not valid JSON"),
    "Infinity": (cast(b'[Infinity, "o", "a"]'), 2, "line 2 is not valid JSON"),
    "negative": (cast([-1, "o", "a"]), 2, "line 2 has a time before the start"),
    "huge": (cast(b'[1e300, "o", "a"]'), 2, "line 2 has a time that cannot be"),
    "time of 5,000 digits": (cast(b"[" + b"9" * 5000 + b', "o", "a"]'), 2, "line 2 is not valid JSON"),
    "time as text": (cast(["1", "o", "a"]), 2, "line 2 has no time"),
    "time as truth": (cast([True, "o", "a"]), 2, "line 2 has no time"),
    "data that is no text": (cast([1, "o", 5]), 2, "something else in the place of its text"),
    "four parts": (cast([1, "o", "a", "b"]), 2, "line 2 is no event"),
    "two parts": (cast([1, "o"]), 2, "line 2 is no event"),
    "an object": (cast({"a": 1}), 2, "begins a second recording"),
    "two recordings": (cast() + cast(), 5, "begins a second recording"),
    "200,000 brackets": (cast(b"[" * 200_000), 2, "line 2 is no event"),
    "60,000 brackets": (cast(b"[" * 60_000), 2, "line 2 is not valid JSON"),
    "nothing happened": (cast()[: cast().index(b"\n") + 1], None, "no events"),
    "header of brackets": (b'{"version": 2, "a": ' + b"[" * 100_000 + b"\n", 1, "header, in line 1"),
    "header with NaN": (b'{"version": 2, "width": NaN, "height": 3}\n[1, "o", "a"]\n', 1, "header, in line 1"),
    "header cut off": (b'{"version": 2, "width": 80, "hei', 1, "header"),
    "no width": (build.lines({"version": 2, "height": 3}, *EVENTS), 1, "how large the terminal was"),
    "width in words": (cast(width="wide"), 1, "how large the terminal was"),
    "negative width": (cast(width=-80), 1, "how large the terminal was"),
    "frame that is none": (version_1([1, "a"], ["b", 2], [1, "c" * 300]), None, "frame 2"),
    "frame before the start": (version_1([-1, "a"]), None, "before the start"),
    "document with a tail": (version_1([1, "a"]) + b"x", None, "follows the end"),
    "gzip with a wrong byte": (gzip.compress(cast())[:-8] + bytes(8), None, "gzip data is wrong"),
    "gzip with a tail": (gzip.compress(cast()) + b"tail", None, "something else follows"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_broken_is_refused_with_its_line(case: str, tmp_path: Path) -> None:
    data, line, said = DAMAGED[case]
    with pytest.raises(DamagedCast, match=said) as refusal:
        scanned(tmp_path / "a.cast", data)
    assert refusal.value.line == line
    assert str(refusal.value).endswith(".")


NOT_CASTS = {
    "empty": (b"", "empty"),
    "empty gzip": (gzip.compress(b""), "empty"),
    "text": (b"hello\n", "no asciicast"),
    "JSON": (b'{"a": 1}\n', "no version"),
    "a list": (b"[1]\n", "no asciicast"),
    "version 5": (cast(version=5), "version 1, 2 and 3"),
    "version true": (cast(version=True), "version 1, 2 and 3"),
    "UTF-16": (cast().decode().encode("utf-16"), "no asciicast"),
    "zeros": (bytes(5000), "no asciicast"),
}


@pytest.mark.parametrize("case", NOT_CASTS)
def test_what_is_something_else_is_refused(case: str, tmp_path: Path) -> None:
    data, said = NOT_CASTS[case]
    with pytest.raises(NotCast, match=said):
        scanned(tmp_path / "a.cast", data)


CUT = {
    "in a line": cast(EVENTS[0], EVENTS[1])[:-6],
    "in a character": cast(EVENTS[0], b'[2, "o", "\xe6\xbc')[:-1],
    "and filled with zeros": cast(EVENTS[0])[:-4] + bytes(4096),
    "and filled with zeros after a line": cast(EVENTS[0]) + bytes(4096),
    "in a frame": version_1([0.5, "one\r\n"], [1, "two"])[:-8],
    "between frames": version_1([0.5, "one\r\n"], [1, "two"])[:-12],
}


@pytest.mark.parametrize("case", CUT)
def test_what_is_cut_off_counts_up_to_its_last_whole_event(case: str, tmp_path: Path) -> None:
    data = CUT[case]
    if case == "and filled with zeros":
        with pytest.raises(DamagedCast, match="no events"):
            scanned(tmp_path / "a.cast", data)
        return
    found = scanned(tmp_path / "a.cast", data)
    assert found.truncated
    assert "breaks off" in found.notes[-1]
    assert events_in(tmp_path / "a.cast", data) == READ[:1]


def test_gzip_that_breaks_off_gives_what_was_flushed(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    flushed = packer.compress(cast(EVENTS[0])) + packer.flush(zlib.Z_SYNC_FLUSH)
    data = flushed + packer.compress(b'[2, "o", "lost"]\n') + packer.flush()
    for length in range(len(flushed), len(data) - 8):
        found = scanned(tmp_path / "a.cast.gz", data[:length])
        assert found.truncated
        assert found.events["o"] in (1, 2)


@pytest.mark.parametrize("length", range(1, 200, 7))
def test_every_cut_is_a_cut_or_a_word(length: int, tmp_path: Path) -> None:
    refusals: list[str] = []
    for data in (cast()[:length], version_1(*DELAYS)[:length], gzip.compress(cast())[:length]):
        try:
            assert scanned(tmp_path / "a.cast", data).events["o"] <= 3
        except CastError as refusal:
            refusals.append(str(refusal))
    assert all(said.endswith(".") for said in refusals)


LIMITS = {
    "wide": (cast(width=1001), "1,000 columns"),
    "a planet of a terminal": (cast(height=10**9), "1,000 columns"),
    "long": (cast([32 * 86400, "o", "a"]), "31 days"),
    "long in steps": (version_3(*[[10 * 86400, "o", "a"]] * 4), "31 days"),
    "a long line": (cast([1, "o", "a" * (9 << 20)]), "Line 2 of the recording is too long"),
    "a long frame": (version_1([1, "a" * (9 << 20)]), "frame"),
    "a bomb of one line": (gzip.compress(cast() + b'[9, "o", "') + build.bomb(1 << 28), "Line 5 of the recording"),
    "a bomb of blank lines": (gzip.compress(cast()) + build.bomb(1 << 26, b"\n"), "10,000,000 lines"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_too_much_is_refused(case: str, tmp_path: Path) -> None:
    data, said = LIMITS[case]
    with pytest.raises(CastBeyondLimits, match=said):
        scanned(tmp_path / "a.cast", data)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (CastLimits(events=2), "more than 2 lines"),
        (CastLimits(ratio=1, ratio_from=100), "more than 1 times as large"),
        (CastLimits(plain_bytes=1), "more than 0 MB"),
        (CastLimits(members=1), "more than 1 gzip members"),
    ],
)
def test_limits_are_those_that_are_given(limits: CastLimits, said: str, tmp_path: Path) -> None:
    with pytest.raises(CastBeyondLimits, match=said):
        scanned(tmp_path / "a.cast", gzip.compress(cast()) + gzip.compress(bytes(10) + b"\n"), limits)


def test_time_is_limited_and_no_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(TookTooLong, match="seconds of processor time"):
        scanned(tmp_path / "a.cast", cast(), CastLimits(seconds=-1))


def test_frames_are_counted_too(tmp_path: Path) -> None:
    with pytest.raises(CastBeyondLimits, match="more than 2 events"):
        scanned(tmp_path / "a.cast", version_1(*DELAYS), CastLimits(events=2))


def test_of_many_markers_the_first_are_told(tmp_path: Path) -> None:
    found = scanned(tmp_path / "a.cast", cast(*([n, "m", f"{n}"] for n in range(30))), CastLimits(markers=10))
    assert (len(found.markers), found.events["m"]) == (10, 30)


def test_only_the_given_bytes_are_read(tmp_path: Path) -> None:
    """As they lie in staging, with room in front."""
    path = build.written(tmp_path / "staged", bytes(4096) + cast() + b"behind")
    with path.open("rb") as file:
        opened = Cast(file, start=4096, end=4096 + len(cast()))
        assert list(opened.events()) == READ
        assert list(opened.events()) == READ
        assert file.tell() == 0
