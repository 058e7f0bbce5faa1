"""Recorded output as lines of text, each as it finally stood: progress bars and corrections leave their last state.

It keeps one line, no screen: what full-screen programs drew on the alternate screen is left out.
"""

import re

TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|\Z)"
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x1f\x7f-\x9f]"
)
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?\Z")
ALTERNATE_SCREEN = re.compile(r"\?(?:.*;)?(?:47|1047|1049)(?:;.*)?")
TAB = 8
# Sequences that go on without end, and moves to columns no terminal has, must not cost memory.
LONGEST_HELD, LAST_COLUMN = 64 * 1024, 4096


class PlainText:
    """Takes output, gives finished lines."""

    def __init__(self) -> None:
        self._line: list[str] = []
        self._column = 0
        self._held = ""
        self._elsewhere = False
        self._finished: list[str] = []

    def take(self, text: str) -> list[str]:
        """The lines that this output finished."""
        text = self._held + text
        cut = UNFINISHED.search(text)
        self._held = cut[0] if cut and len(cut[0]) < LONGEST_HELD else ""
        text = text[: len(text) - len(self._held)]
        place = 0
        for match in TOKEN.finditer(text):
            self._put(text[place : match.start()])
            self._move(match)
            place = match.end()
        self._put(text[place:])
        finished, self._finished = self._finished, []
        return finished

    def end(self) -> list[str]:
        """The last line, if nothing ended it."""
        self._end_line()
        return [line for line in self._finished if line]

    def _put(self, text: str) -> None:
        if not text or self._elsewhere:
            return
        if self._column > len(self._line):
            self._line += " " * (self._column - len(self._line))
        self._line[self._column : self._column + len(text)] = text
        self._column += len(text)

    def _move(self, match: re.Match[str]) -> None:
        if match["final"]:
            self._control_sequence(match["parameters"], match["final"])
        elif match[0] == "\n":
            self._end_line()
        elif match[0] == "\r":
            self._column = 0
        elif match[0] == "\b":
            self._column = max(0, self._column - 1)
        elif match[0] == "\t":
            self._column += TAB - self._column % TAB

    def _end_line(self) -> None:
        if not self._elsewhere:
            self._finished.append("".join(self._line).rstrip())
        self._line = []
        self._column = 0

    def _control_sequence(self, parameters: str, final: str) -> None:
        if final in "hl" and ALTERNATE_SCREEN.fullmatch(parameters):
            self._elsewhere = final == "h"
            return
        first = parameters.partition(";")[0]
        count = int(first) if first.isdecimal() else 0
        if final in "CDG":
            place = {"C": self._column + max(1, count), "D": self._column - max(1, count), "G": count - 1}[final]
            self._column = min(max(0, place), LAST_COLUMN)
        elif final in "KPX@":
            self._edit(final, count)
        elif final in "Hf" and self._line:
            # The cursor goes elsewhere on the screen: what stands here stays.
            self._end_line()

    def _edit(self, final: str, count: int) -> None:
        here = self._column
        if final == "K":
            start, end = (here, None) if count == 0 else (0, here + 1) if count == 1 else (0, None)
            self._line[start:end] = [] if end is None else " " * len(self._line[start:end])
        elif final == "P":
            del self._line[here : here + max(1, count)]
        elif final == "X":
            self._line[here : here + max(1, count)] = " " * len(self._line[here : here + max(1, count)])
        elif final == "@" and here < len(self._line):
            self._line[here:here] = " " * min(max(1, count), LAST_COLUMN)
