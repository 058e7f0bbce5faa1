"""What is read off a terminal: every line that stood there, once, with a time at which it did."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.media.asciicast import Event
from recordings.media.terminal import transcript
from recordings.media.terminal.screen import EmulatorStopped, Screen, restored
from recordings.media.terminal.transcript import Line, Transcriber, screen_at, transcribed

SECOND = 1_000_000
PAGE = "".join(f"\x1b[{row};1Hpage one, row {row}" for row in range(1, 11))
OTHER_PAGE = "".join(f"\x1b[{row};1Hpage two, row {row}" for row in range(1, 11))


def output(*steps: tuple[float, str]) -> list[Event]:
    """Output after so many seconds each."""
    found, now = [], 0
    for seconds, text in steps:
        now += round(seconds * SECOND)
        found.append((now, "o", text))
    return found


def typed(text: str, *, first: float = 1, each: float = 0.15) -> list[tuple[float, str]]:
    return [(each if index else first, character) for index, character in enumerate(text)]


def lines(*steps: tuple[float, str], size: tuple[int, int] = (80, 24)) -> list[tuple[float, str]]:
    return [(at_ms / 1000, text) for at_ms, text in transcribed(*size, output(*steps)).lines]


def texts(*steps: tuple[float, str], size: tuple[int, int] = (80, 24)) -> list[str]:
    return [text for _, text in lines(*steps, size=size)]


def test_a_command_is_one_line_at_the_moment_it_was_complete() -> None:
    assert lines((0, "$ "), *typed("ls -l", first=2), (0.5, "\r\n"), (0.1, "total 0\r\n"), (1, "$ ")) == [
        (2.6, "$ ls -l"),
        (3.2, "total 0"),
        (4.2, "$"),
    ]


def test_corrections_leave_what_was_meant() -> None:
    assert texts((0, "$ "), *typed("lx\b \bs"), (0.2, "\r\n")) == ["$ ls"]


def test_a_command_that_was_thought_about_and_taken_back_was_there() -> None:
    steps = [(0, "$ "), *typed("rm -rf /srv"), (4, "\r\x1b[K$ ls"), (1, "\r\n")]
    assert texts(*steps) == ["$ rm -rf /srv", "$ ls"]


def test_a_progress_bar_is_what_it_came_to() -> None:
    assert lines(*((0.3, f"\rfetching {n:3} %") for n in range(0, 101, 5)), (0.3, "\r\ndone\r\n")) == [
        (6.3, "fetching 100 %"),
        (6.6, "done"),
    ]


def test_a_phrase_split_across_events_and_rows_is_one_line() -> None:
    steps = [(0, "the \x1b[3"), (0.01, "1mre"), (0.01, "d fo"), (0.01, "x\x1b[0m jumps over the lazy dog\r\n")]
    assert texts(*steps, size=(10, 5)) == ["the red fox jumps over the lazy dog"]


def test_a_line_that_scrolls_off_in_parts_is_one_line() -> None:
    steps = [(0, "a" * 25), (1, "\r\n"), (1, "b\r\n"), (1, "c\r\n"), (1, "d\r\n"), (1, "e")]
    assert texts(*steps, size=(10, 4)) == ["a" * 25, "b", "c", "d", "e"]


def test_lines_that_only_rushed_by_are_there() -> None:
    found = lines((1, "".join(f"line {n}\r\n" for n in range(1000))), (1, "$ "))
    assert [text for _, text in found] == [f"line {n}" for n in range(1000)] + ["$"]
    assert {at for at, _ in found} == {1.0, 2.0}


def test_what_is_erased_at_once_was_there_too() -> None:
    secret = "".join(f"secret number {n}\r\n" for n in range(20))
    assert [f"secret number {n}" for n in range(20)] == texts((1, secret + "\x1b[H\x1b[2J"), (1, "$"))[:20]


def test_the_same_line_twice_is_two_lines() -> None:
    assert lines((1, "done\r\n"), (5, "done\r\n")) == [(1, "done"), (6, "done")]


def test_several_empty_lines_are_one() -> None:
    assert texts((1, "\r\n\r\none\r\n\r\n\r\n\r\ntwo\r\n\r\n")) == ["one", "", "two"]


def test_pages_of_a_full_screen_program() -> None:
    steps = [(1, "$ less log\r\n"), (1, f"\x1b[?1049h{PAGE}"), (3, f"\x1b[2J{OTHER_PAGE}"), (3, "\x1b[?1049l$ ")]
    found = lines(*steps)
    assert [(2.0, f"page one, row {row}") for row in range(1, 11)] == found[1:11]
    assert [(5.0, f"page two, row {row}") for row in range(1, 11)] == found[11:21]
    assert [found[0], found[21]] == [(1.0, "$ less log"), (8.0, "$")]


def test_pages_that_are_alike_and_turned_quickly_are_pages_all_the_same() -> None:
    pages = [
        "".join(f"\x1b[{row};1H10:{page:02}:{row:02} GET /{page}/{row}" for row in range(1, 24))
        for page in range(9)
    ]
    found = texts((1, "\x1b[?1049h"), *((0.1, page) for page in pages))
    assert len(found) == 9 * 23


def test_going_back_to_a_page_tells_it_once() -> None:
    steps = [(1, f"\x1b[?1049h{PAGE}"), *[(1, f"\x1b[2J{OTHER_PAGE}"), (1, f"\x1b[2J{PAGE}")] * 5]
    assert sorted(texts(*steps)) == sorted(
        [f"page {number}, row {row}" for number in ("one", "two") for row in range(1, 11)]
    )


def test_a_clock_in_a_corner_is_no_line_a_second() -> None:
    ticks = [(1.0, f"\x1b[s\x1b[1;70H12:00:{n:02}\x1b[u") for n in range(60)]
    assert len(texts((1, f"\x1b[?1049h{PAGE}"), *ticks)) <= 11


def test_lines_move_in_a_scroll_region_and_keep_their_times() -> None:
    """As in tmux, whose status line stays where it is."""
    steps = [(1, "\x1b[?1049h\x1b[5;1Hstatus\x1b[1;4r\x1b[1;1H"), *((1, f"output {n}\r\n") for n in range(10))]
    found = lines(*steps, size=(20, 5))
    assert [(2.0 + n, f"output {n}") for n in range(10)] == [line for line in found if line[1] != "status"]


def test_what_is_behind_a_full_screen_program_is_still_there() -> None:
    steps = [(1, "before\r\n"), (1, f"\x1b[?1049h{PAGE}"), (1, "\x1b[?10"), (0.01, "49l"), (1, "after\r\n")]
    found = lines(*steps)
    assert (found[0], found[-1]) == ((1.0, "before"), (4.01, "after"))
    assert len(found) == 12


def test_a_full_screen_program_at_the_end_is_read_too() -> None:
    assert len(texts((1, "before\r\n"), (1, f"\x1b[?1049h{PAGE}"))) == 11


def test_wide_characters_and_marks() -> None:
    assert texts((1, "漢字テスト e\u0301 \U0001f469\u200d\U0001f467 العربية\r\n")) == [
        "漢字テスト e\u0301 \U0001f469\u200d\U0001f467 العربية"
    ]


def test_titles_links_and_the_clipboard_are_not_text() -> None:
    noise = "\x1b]0;title\x07\x1b]8;;http://x.test\x1b\\link\x1b]8;;\x1b\\\x1b]52;c;aGk=\x07\x1bPq#0\x1b\\\x1b_apc\x1b\\"
    assert texts((1, f"{noise} text\r\n")) == ["link text"]


def test_a_new_size_keeps_lines_and_times() -> None:
    events = output((1, "one two three four\r\n"), (1, "five\r\n"))
    events += [(3 * SECOND, "r", "10x6"), (4 * SECOND, "o", "six\r\n"), (5 * SECOND, "r", "90x30")]
    found = transcribed(80, 24, events).lines
    assert found == [Line(1000, "one two three four"), Line(2000, "five"), Line(4000, "six")]


def test_endless_lines_are_cut() -> None:
    found = transcribed(80, 24, output((1, "x" * 1_000_000), (1, "\r\n$ ")))
    assert sum(line.text.count("x") for line in found.lines) == 1_000_000
    assert max(len(line.text) for line in found.lines) == transcript.LONGEST_LINE


def test_of_too_many_lines_the_first_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript, "MOST_LINES", 100)
    found = transcribed(80, 24, output(*((0.1, f"line {n}\r\n") for n in range(300))))
    assert not found.complete
    assert [line.text for line in found.lines] == [f"line {n}" for n in range(100)]


def test_of_too_much_text_the_first_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript, "MOST_CHARACTERS", 1000)
    found = transcribed(80, 24, output(*((0.1, f"line {n:04}\r\n") for n in range(300))))
    assert (len(found.lines), found.complete) == (111, False)


def test_chunks_are_bounded_and_in_order() -> None:
    found = transcribed(80, 24, output(*((0.1, f"line {n} {'x' * 60}\r\n") for n in range(1000))))
    chunks = list(found.chunks())
    assert [line for chunk in chunks for line in chunk] == found.lines
    assert all(len(chunk) <= transcript.CHUNK_LINES for chunk in chunks)
    assert all(sum(len(line.text) for line in chunk) <= transcript.CHUNK_CHARACTERS for chunk in chunks)


def test_the_screen_at_a_moment() -> None:
    events = [*output((1, "one\r\n"), (1, "two\r\n")), (3 * SECOND, "r", "40x10"), (4 * SECOND, "o", "three")]
    assert screen_at(80, 24, events, 2 * SECOND).lines() == ["one", "two"]
    last = screen_at(80, 24, events, 9 * SECOND)
    assert (last.lines(), last.size, last.cursor) == (["one", "two", "three"], (40, 10), (2, 5))


def test_a_snapshot_brings_another_screen_there() -> None:
    transcriber = Transcriber(80, 24)
    for event in output((1, f"\x1b[?1049h{PAGE}\x1b[31mred \x1b["), (0, "?25")):
        transcriber.add(*event)
    other = restored(80, 24, transcriber.snapshot())
    other.feed("l")
    assert other.lines() == [*[f"page one, row {row}" for row in range(1, 10)], "page one, row 10red"]
    assert other.cursor is None


def test_where_the_emulator_stops_the_rest_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Screen.feed

    def stopping(screen: Screen, text: str) -> object:
        if "poison" in text:
            raise EmulatorStopped("it stopped")
        return feed(screen, text)

    monkeypatch.setattr(Screen, "feed", stopping)
    found = transcribed(80, 24, output((1, "before\r\n"), (1, "poison\r\n"), (1, "after\r\n")))
    assert (found.complete, found.lines) == (False, [])


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (2, 1), (1000, 1000)])
def test_terminals_of_any_size(columns: int, rows: int) -> None:
    events = [*output((1, "漢字 and more\r\n"), (1, "x")), (3 * SECOND, "r", "1x1"), (4 * SECOND, "o", "漢")]
    assert "x" in "".join(line.text for line in transcribed(columns, rows, events).lines)


words = st.text(alphabet="abc漢 é1", min_size=1, max_size=30)
MOVES = r"""
\r \n \r\n \b \t \e[H \e[A \e[3;3H \e[K \e[J \e[2J \e[1J \e[L \e[M \e[P \e[@ \e[?1049h \e[?1049l \e[2;4r \e[r \ec
\e[1;31m \e[0m \e7 \e8 \e[?7l \e[?7h \eM \e[4h \e[4l
"""
moves = st.sampled_from(MOVES.replace(r"\e", r"\x1b").split()).map(
    lambda move: move.encode().decode("unicode_escape")
)
sizes = st.tuples(st.just("r"), st.sampled_from(["12x5", "30x3", "7x8"]))
scrolls = st.sampled_from(["\x1b[S", "\x1b[T"])
shown = st.tuples(st.just("o"), words | moves)
steps = st.lists(shown | sizes, max_size=30)
thorough = settings(max_examples=150, deadline=None, derandomize=True)


def spaced(steps: list[tuple[str, str]], seconds: float) -> list[Event]:
    return [(round((index + 1) * seconds * SECOND), code, text) for index, (code, text) in enumerate(steps)]


@thorough
@given(steps=st.lists(shown | st.tuples(st.just("o"), scrolls), max_size=30))
def test_whatever_stood_there_is_found(steps: list[tuple[str, str]]) -> None:
    events = spaced(steps, 40)
    # A wide character that has no room leaves a blank, and where nothing says so, it may be a blank of the text.
    found = [line.text.replace(" ", "") for line in transcribed(12, 5, events).lines]
    for now, _, _ in events:
        for row in screen_at(12, 5, events, now).rows():
            text = row.text.replace(" ", "")
            assert not text or any(text in line for line in found), (text, found)


@thorough
@given(steps=steps)
def test_whatever_is_found_stood_there_at_its_time(steps: list[tuple[str, str]]) -> None:
    events = [event for event in spaced(steps, 1) if event[1] == "o"]
    for line in transcribed(12, 5, events).lines:
        shown = "".join(row.text for row in screen_at(12, 5, events, line.at_ms * 1000).rows())
        last = line.text.replace(" ", "")[-5:]
        assert last in shown.replace(" ", ""), (line, shown)


@thorough
@given(steps=steps, cut=st.integers(0, 30))
def test_a_snapshot_is_the_screen(steps: list[tuple[str, str]], cut: int) -> None:
    events = spaced(steps, 1)
    transcriber = Transcriber(12, 5)
    for event in events[:cut]:
        transcriber.add(*event)
    snapshot = transcriber.snapshot()
    again = restored(*transcriber.screen.size, snapshot)
    for _, code, text in events[cut:]:
        if code == "o":
            again.feed(text)
        else:
            again.resize(*map(int, text.split("x")))
    if not any(code == "r" for _, code, _ in events[cut:]):
        assert again.lines() == screen_at(12, 5, events, 10**12).lines()


def test_nothing_recorded_gives_nothing() -> None:
    assert transcribed(80, 24, []).lines == []
