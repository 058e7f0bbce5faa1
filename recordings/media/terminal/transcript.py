"""What a terminal showed, as lines of text with the time at which each was there.

Output is shown to a real terminal in strokes: all that came without a pause that anybody could see, a quarter of a
second at most. So a line's time is at most that late, and never early: at its time it stands on the screen, unless
more went by within the stroke than a screen holds.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from recordings.media.asciicast.events import OUTPUT, RESIZE, size_of
from recordings.media.terminal.rows import Found
from recordings.media.terminal.screen import EmulatorStopped, Screen
from recordings.media.terminal.watch import Watch

PAUSE = 50_000  # microseconds; shorter ones are not seen
STROKE = 250_000  # microseconds
STROKE_CHARACTERS = 1 << 20
LONGEST_LINE = 2000  # characters; a longer one is cut into several
MOST_LINES, MOST_CHARACTERS = 300_000, 20_000_000
CHUNK_CHARACTERS, CHUNK_LINES = 8000, 200
LARGEST_SIDE = 1000


class Line(NamedTuple):
    """A line, and when it stood on the screen, in milliseconds after the start."""

    at_ms: int
    text: str


@dataclass(slots=True)
class Transcript:
    """Lines in the order of their times. `complete` is False where there were more than are kept, or the terminal
    could not show something."""

    lines: list[Line] = field(default_factory=list)
    complete: bool = True

    def chunks(self) -> Iterator[list[Line]]:
        """The lines in runs of bounded size."""
        chunk: list[Line] = []
        size = 0
        for line in self.lines:
            if chunk and (size + len(line.text) > CHUNK_CHARACTERS or len(chunk) == CHUNK_LINES):
                yield chunk
                chunk, size = [], 0
            chunk.append(line)
            size += len(line.text)
        if chunk:
            yield chunk


class Transcriber:
    """Takes events, gives the transcript of them all."""

    def __init__(self, columns: int, rows: int) -> None:
        self._lines: list[Found] = []
        self._watch = Watch(columns, rows, self._lines)
        self._counted = self._characters = 0
        self._complete = True
        self._stopped = False
        self._parts: list[str] = []
        self._size = 0
        self._begin = self._end = 0

    @property
    def screen(self) -> Screen:
        """The screen as it was after the last stroke."""
        return self._watch.screen

    @property
    def written(self) -> int:
        """How many characters stood on it then."""
        return self._watch.written

    def add(self, time: int, code: str, text: str) -> bool:
        """The next event. True if a stroke had ended before it, so that the screen is another than it was."""
        if code == OUTPUT:
            ended = self._ends(time)
            if ended:
                self.flush()
            if not self._parts:
                self._begin = time
            self._parts.append(text)
            self._size += len(text)
            self._end = time
            return ended
        if code == RESIZE and (size := size_of(text, LARGEST_SIDE)):
            self.flush()
            self._try(lambda: self._watch.resize(*size, time))
            return True
        return False

    def flush(self) -> None:
        """Show what has been added so far."""
        if self._parts:
            text = "".join(self._parts)
            self._parts, self._size = [], 0
            self._try(lambda: self._watch.show(text, self._begin, self._end))
            self._bound()

    def snapshot(self) -> str:
        """Output that brings a fresh terminal of the same size to where this one is after all that was added."""
        self.flush()
        self._try(self._watch.settle)
        return self.screen.snapshot()

    def transcript(self) -> Transcript:
        """Everything, once nothing more comes."""
        self.flush()
        self._try(self._watch.settle)
        self._try(lambda: self._watch.end(self._end))
        self._bound()
        ordered = sorted(_with_blanks(self._lines), key=itemgetter(0, 1))
        lines = [line for at, _, text in ordered for line in _cut(-(-at // 1000), text)]
        while lines and not lines[-1].text:
            lines.pop()
        return Transcript(lines, self._complete)

    def _ends(self, time: int) -> bool:
        """Whether the stroke so far is one by itself."""
        return bool(self._parts) and (
            time - self._end >= PAUSE or time - self._begin >= STROKE or self._size >= STROKE_CHARACTERS
        )

    def _try(self, act: Callable[[], None]) -> None:
        if self._stopped:
            return
        try:
            act()
        except EmulatorStopped:
            self._stopped = True
            self._complete = False

    def _bound(self) -> None:
        """Forget the lines that are too many."""
        for index in range(self._counted, len(self._lines)):
            self._characters += len(self._lines[index][2])
            if index >= MOST_LINES or self._characters > MOST_CHARACTERS:
                del self._lines[index:]
                self._complete = False
                break
        self._counted = len(self._lines)


def transcribed(columns: int, rows: int, events: Iterable[tuple[int, str, str]]) -> Transcript:
    """The transcript of events on a terminal of this size at the start."""
    transcriber = Transcriber(columns, rows)
    for time, code, text in events:
        transcriber.add(time, code, text)
    return transcriber.transcript()


def screen_at(columns: int, rows: int, events: Iterable[tuple[int, str, str]], moment: int) -> Screen:
    """The screen as it was `moment` microseconds after the start."""
    screen = Screen(columns, rows)
    for time, code, text in events:
        if time > moment:
            break
        if code == OUTPUT:
            screen.feed(text)
        elif code == RESIZE and (size := size_of(text, LARGEST_SIDE)):
            screen.resize(*size)
    return screen


def _with_blanks(lines: list[Found]) -> Iterator[Found]:
    """The lines as they were found, of several empty ones only the first, which stays behind the line before it."""
    before = (0, 0, "")
    for line in lines:
        if line[2]:
            before = line
        elif before[2]:
            before = (*before[:2], "")
        else:
            continue
        yield before


def _cut(at_ms: int, text: str) -> list[Line]:
    if len(text) <= LONGEST_LINE:
        return [Line(at_ms, text)]
    return [Line(at_ms, text[start : start + LONGEST_LINE]) for start in range(0, len(text), LONGEST_LINE)]
