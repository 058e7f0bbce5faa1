"""How a command without a terminal is shown: prompt line, output, errors in red, exit status when it is not zero.

What comes through a pipe was never meant for a terminal: a lone line feed would make a staircase of it.
"""

import os
import re

from recordings.capture.asciicast import INPUT, OUTPUT, Utf8Stream
from recordings.capture.pipe_session import ERRORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Event = tuple[str, bytes]

RED, RESET = b"\x1b[31m", b"\x1b[0m"
LONE_LINE_FEED = re.compile(rb"(?<!\r)\n")
COLOUR = re.compile(rb"\x1b\[([0-9;:]*)m")
# The beginning of a colour sequence that a read has cut.
CUT_COLOUR = re.compile(rb"\x1b(?:\[[0-9;:]{0,32})?\Z")
SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Values that do not belong into a recording though they stand in the command: options, settings, user:password@.
NAMES = r"(?:[\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|credential)s?)"
SECRETS = (
    re.compile(rf"(--?{NAMES}(?:=|\s+))(?:'[^']*'|\"[^\"]*\"|\S+)", re.IGNORECASE),
    re.compile(rf"(\b{NAMES}=)(?:'[^']*'|\"[^\"]*\"|[^\s;&|]+)", re.IGNORECASE),
    re.compile(
        r"(\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^|;&\n]*?\s-p)(?:'[^']*'|\"[^\"]*\"|\S+)"
    ),
    re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)", re.IGNORECASE),
    re.compile(r"(\bAuthorization:\s*(?:Bearer|Basic)\s+)[^\s'\"]+", re.IGNORECASE),
)
HIDDEN = "***"


def redacted(command: str) -> str:
    """The command line without the secrets known by their names, or by `SORTIE_REDACT` (the whole match hidden).

    Raises re.error if `SORTIE_REDACT` is no regular expression.
    """
    for pattern in SECRETS:
        command = pattern.sub(rf"\1{HIDDEN}", command)
    own = os.environ.get("SORTIE_REDACT")
    return re.sub(own, HIDDEN, command) if own else command


def visible(text: str) -> str:
    """Text that does nothing to a terminal: controls as `^[`, those that reorder or hide text as `\\u202e`."""
    return CONTROL.sub(_as_text, text)


def _as_text(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code > 0x7F else "^?" if code == 0x7F else f"^{chr(code + 64)}"


def prompt_lines(command: str) -> bytes:
    """`$ command`, further lines after `> `, each ended."""
    lines = [visible(line.rstrip("\r")) for line in redacted(command).split("\n")]
    return ("$ " + "\r\n> ".join(lines) + "\r\n").encode("utf-8", "replace")


class CommandText:
    """Renders a command's output. Keeps the ends of cut characters and sequences, and the cursor's place."""

    def __init__(self, *, at_line_start: bool = True) -> None:
        self.at_line_start = at_line_start
        self._streams = {OUTPUT: Utf8Stream(), ERRORS: Utf8Stream(), INPUT: Utf8Stream()}
        self._after_return = {OUTPUT: False, ERRORS: False}
        self._cut = b""
        self._coloured = False

    def events(self, code: str, data: bytes | bytearray) -> "Iterable[Event]":
        """The events one piece of output comes to."""
        text = self._streams[code].take(data)
        return [(code, text)] if code == INPUT else self._shown(code, text)

    def prompt(self, command: str) -> "Iterable[Event]":
        """The line that says what is run, on a line of its own and in no colour left over."""
        return [*self._fresh_line(), (OUTPUT, self._moved(prompt_lines(command)))]

    def exit(self, status: int) -> "Iterable[Event]":
        """The line that says how it ended, nothing for 0."""
        return self._note(b"[exit %d]\r\n" % status) if status else self.end()

    def lost(self) -> "Iterable[Event]":
        """The line that says that the connection, not the command, failed."""
        return self._note(b"[error: connection lost]\r\n")

    def unrecorded(self) -> "Iterable[Event]":
        """The line that says that the command was run without its output being recorded."""
        return self._note(b"[error: not recorded]\r\n")

    def end(self) -> "Iterable[Event]":
        """What was held back."""
        output = self._streams[OUTPUT].end()
        errors = self._cut + self._streams[ERRORS].end()
        self._cut = b""
        return [(OUTPUT, self._moved(text)) for text in (output, in_red(errors) if errors else b"") if text]

    def _note(self, line: bytes) -> "Iterable[Event]":
        return [*self.end(), *self._fresh_line(), (OUTPUT, self._moved(line))]

    def _fresh_line(self) -> "Iterable[Event]":
        events = []
        if self._coloured:
            self._coloured = False
            events.append((OUTPUT, RESET))
        if not self.at_line_start:
            events.append((OUTPUT, self._moved(b"\r\n")))
        return events

    def _shown(self, code: str, text: bytes) -> "Iterable[Event]":
        text = self._with_returns(code, text)
        if code == ERRORS:
            text = self._whole_colours(text)
            shown = in_red(text) if text else b""
            self._coloured = False if text else self._coloured
        else:
            shown = text
            colours = COLOUR.findall(text)
            self._coloured = colours[-1].strip(b"0") != b"" if colours else self._coloured
        return [(OUTPUT, self._moved(shown))] if shown else []

    def _with_returns(self, code: str, text: bytes) -> bytes:
        if not text:
            return text
        first = text[:1] if self._after_return[code] and text.startswith(b"\n") else b""
        self._after_return[code] = text.endswith(b"\r")
        return first + LONE_LINE_FEED.sub(b"\r\n", text[len(first) :])

    def _whole_colours(self, text: bytes) -> bytes:
        """`text` up to a colour sequence that is not all there; the rest waits for what follows."""
        text = self._cut + text
        cut = CUT_COLOUR.search(text)
        self._cut = cut[0] if cut else b""
        return text[: len(text) - len(self._cut)]

    def _moved(self, shown: bytes) -> bytes:
        """Notes where the cursor is after this."""
        visible_part = SEQUENCE.sub(b"", shown[-1024:])
        if visible_part:
            self.at_line_start = visible_part.endswith((b"\n", b"\r"))
        return shown


def in_red(text: bytes) -> bytes:
    """Errors: red, and red again after whatever in them resets colours."""
    return RED + COLOUR.sub(_red_again, text) + RESET


def _red_again(match: re.Match[bytes]) -> bytes:
    first, _, rest = match[1].partition(b";")
    if first.strip(b"0"):
        return match[0]
    return b"\x1b[0;31%bm" % (b";" + rest if rest else b"")
