"""A film of a terminal recording: a program for the limited process (`recordings.media.limited`).

    film FORM PLAYED IDLE FRAMES < the stored object > film

FORM is mp4, webm or gif. PLAYED is how many bytes of the stored object are what players get, IDLE how many
microseconds of each idle stretch are shown (0: all), FRAMES how many pictures a second there may be. Only what
changes is drawn and encoded. Now and then it says `progress SHARE` on standard error.
"""

import sys
from collections.abc import Iterator
from typing import BinaryIO

from recordings.media.asciicast import Cast, PlayedTimes
from recordings.media.asciicast.events import OUTPUT, RESIZE, size_of
from recordings.media.asciicast.scan import scan
from recordings.media.errors import CastError, TookTooLong
from recordings.media.limited import Rights, import_all
from recordings.media.limits import CastLimits
from recordings.media.terminal import encoding, poster
from recordings.media.terminal.drawing import Drawing
from recordings.media.terminal.fonts import Fonts
from recordings.media.terminal.poster import MOST_COLUMNS, MOST_ROWS
from recordings.media.terminal.screen import Screen

SECOND = 1_000_000
CPU_SECONDS = 3600
RIGHTS = Rights(output=1 << 31, memory=3 << 30, cpu_seconds=CPU_SECONDS)
FONT_SIZES = (20, 15, 10)  # the first with which the film is no larger than a screen
WIDEST, HIGHEST = 1920, 1440
MOST_FRAMES = 36_000  # an hour at ten a second; a longer film has fewer a second
BEAT = 2 * SECOND  # players lose patience with pictures that last longer
LAST_SHOWN = 2 * SECOND
LARGEST_SIDE = 1000
PROGRESS_EVERY = 0.01
_fonts: list[Fonts] = []


def prepare() -> tuple[type[Exception], ...]:
    """Load the emulator, what draws and what encodes."""
    import av
    import avt  # noqa: F401
    from avt import util  # noqa: F401

    import_all(av)
    poster.prepare()
    _fonts.extend(Fonts(size) for size in FONT_SIZES)
    return (CastError, TookTooLong, ValueError, av.FFmpegError)


def make(arguments: list[str], source: BinaryIO, sink: BinaryIO) -> None:
    """Read the recording twice: to know how large and how long it is, and to film it."""
    form, played, idle, frames = arguments[0], *map(int, arguments[1:])
    limits = CastLimits(seconds=CPU_SECONDS)
    found = scan(source, end=played, limits=limits)
    times = found.idle.limited(idle or None)
    end = times.played(found.duration_ms * 1000) + LAST_SHOWN
    columns, rows = min(found.largest[0], MOST_COLUMNS), min(found.largest[1], MOST_ROWS)
    stage = _Stage(Cast(source, end=played, limits=limits), times, columns, rows)
    progress = _Progress(end)
    with encoding.encoder(form, sink, stage.drawing) as encode:
        for at, changed in stage.pictures(max(SECOND // max(1, frames), end // MOST_FRAMES), end):
            encode(at, changed)
            progress.tell(at)


class _Stage:
    """A recording on a screen that is drawn whenever it has changed."""

    def __init__(self, cast: Cast, times: PlayedTimes, columns: int, rows: int) -> None:
        self._cast = cast
        self._times = times
        self._screen = Screen(cast.header.width, cast.header.height)
        self._rows = rows
        self._dirty: set[int] = set()
        self._cursor: tuple[int, int] | None = None
        self._shown = 0
        self.drawing = Drawing(_font_for(columns, rows), cast.header.theme, columns, rows)

    def pictures(self, interval: int, end: int) -> Iterator[tuple[int, bool]]:
        """Moments of the film in microseconds, `interval` apart at least, and whether the picture has changed.

        It is that of `drawing`, and holds until the next moment; the last one is `end`.
        """
        yield 0, True
        due: int | None = None  # when a picture of what has come has to be shown
        for time, code, text in self._cast.events():
            now = self._times.played(time)
            if due is not None and now >= due:
                yield from self._picture(due)
                due = None
            if self._take(code, text) and due is None:
                due = max(now, self._shown + interval)
        if due is not None:
            yield from self._picture(due)
        yield from self._beats(end)
        yield end, False

    def _picture(self, at: int) -> Iterator[tuple[int, bool]]:
        yield from self._beats(at)
        cursor = self._screen.cursor
        rows = self._dirty | {place[0] for place in (cursor, self._cursor) if place}
        self.drawing.draw(self._screen, sorted(row for row in rows if row < min(self._rows, self._screen.size[1])))
        self._dirty.clear()
        self._cursor = cursor
        self._shown = at
        yield at, True

    def _beats(self, before: int) -> Iterator[tuple[int, bool]]:
        """The same picture again, as often as players want to be given one."""
        for moment in range(self._shown + BEAT, before, BEAT):
            yield moment, False

    def _take(self, code: str, text: str) -> bool:
        """Whether an event may have changed the picture."""
        if code == OUTPUT:
            self._dirty.update(self._screen.feed(text)[0])
        elif code == RESIZE and (size := size_of(text, LARGEST_SIDE)):
            self._screen.resize(*size)
            self.drawing.clear()
            self._dirty = set(range(self._screen.size[1]))
        return code in (OUTPUT, RESIZE)


class _Progress:
    """Tells how much is done, a hundred times at most."""

    def __init__(self, end: int) -> None:
        self._end = max(1, end)
        self._told = 0.0

    def tell(self, at: int) -> None:
        share = min(1.0, at / self._end)
        if share >= self._told + PROGRESS_EVERY:
            self._told = share
            sys.stderr.write(f"progress {share:.2f}\n")
            sys.stderr.flush()


def _font_for(columns: int, rows: int) -> Fonts:
    for fonts in _fonts:
        if columns * fonts.width <= WIDEST and rows * fonts.height <= HIGHEST:
            return fonts
    return _fonts[-1]
