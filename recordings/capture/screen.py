"""Recorded output made safe to show in a real terminal: it may draw, and nothing else.

A recording may come from anybody. Shown as it is, it could ask the terminal questions (the answers would be typed
into the viewer's shell), set the clipboard or the title, or leave modes behind. So only what draws passes: text,
colours, cursor movement, erasing, scrolling, the alternate screen. `reset` undoes the modes that were left on.
"""

import re

# The beginning of a string (OSC, DCS, SOS, PM, APC), a control sequence, a short escape sequence, a control.
TOKEN = re.compile(
    r"\x1b(?P<string>[\]PX^_])"
    r"|\x1b\[(?P<parameters>[0-?]*)(?P<intermediate>[ -/]*)(?P<final>[@-~])"
    r"|\x1b(?P<short>[ -/]*[0-OQ-WYZ\\`-~])"
    r"|[\x00-\x06\x10-\x1f\x7f-\x9f]"
)
# The beginning of something that the next event may end. A sequence longer than this is none.
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|[ -/]{0,8})?\Z")
STRING_END = re.compile(r"\x07|\x1b\\|\x9c|[\x18\x1a]|\x1b(?=[^\\])")

DRAWING = frozenset("ABCDEFGHIJKLMPSTXZ@`abdefmr")
NUMBERS = re.compile(r"[0-9;:]*")
# Private modes that change what is seen, and whether a terminal at rest has them set: reverse video, origin,
# wrapping, cursor, the alternate screens, synchronised output.
MODES = {
    "5": False, "6": False, "7": True, "25": True, "47": False, "1047": False, "1048": False, "1049": False,
    "2026": False,
}  # fmt: skip
ALTERNATE_SCREENS = ("47", "1047", "1049")
SHORT = re.compile(r"[78DEM]|[()][0AB12]|#[34568]")
# In the place of a full reset, which would clear the viewer's scrollback: cursor, colours and screen.
INSTEAD_OF_RESET = "\x1b[0m\x1b[r\x1b[?25h\x1b[?7h\x1b[?6l\x1b(B\x0f\x1b[2J\x1b[H"


class Screen:
    """Filters a stream of output, event by event."""

    def __init__(self) -> None:
        self._held = ""
        self._in_string = False
        self._modes = dict(MODES)
        self._region = self._charset = self._insert = self._shape = False

    def show(self, text: str) -> str:
        """What of `text` may go to the terminal, together with what was held back before."""
        text = self._held + text
        self._held = ""
        shown = []
        place = 0
        while place < len(text):
            if self._in_string:
                place = self._skip_string(text, place)
                continue
            match = TOKEN.search(text, place)
            if match is None:
                shown.append(self._hold_back(text[place:]))
                break
            if self._is_cut(text, match):
                shown.append(self._hold_back(text[place:]))
                break
            shown += [text[place : match.start()], self._token(match)]
            place = match.end()
        return "".join(shown)

    def reset(self) -> str:
        """What puts the terminal back as it was, for what has been shown so far."""
        parts = []
        if self._region:
            parts.append("\x1b7\x1b[r\x1b8")
        for mode, at_rest in MODES.items():
            if self._modes[mode] != at_rest and mode != "1048":
                parts.append(f"\x1b[?{mode}{'h' if at_rest else 'l'}")
        parts.append("\x1b(B\x0f" if self._charset else "")
        parts.append("\x1b[4l" if self._insert else "")
        parts.append("\x1b[0 q" if self._shape else "")
        return "".join([*parts, "\x1b[0m"])

    def _skip_string(self, text: str, place: int) -> int:
        end = STRING_END.search(text, place)
        if end is not None:
            self._in_string = False
            return end.end() if end[0] != "\x1b" else end.start()
        self._held = "\x1b" if text.endswith("\x1b") else ""
        return len(text)

    def _is_cut(self, text: str, match: re.Match[str]) -> bool:
        """Whether the token is a lone escape only because the rest of it has yet to come."""
        return match[0] == "\x1b" and UNFINISHED.match(text, match.start()) is not None

    def _hold_back(self, text: str) -> str:
        cut = UNFINISHED.search(text)
        if cut is None:
            return text
        self._held = cut[0]
        return text[: cut.start()]

    def _token(self, match: re.Match[str]) -> str:
        if match["string"]:
            self._in_string = True
            return ""
        if match["final"]:
            return self._control_sequence(match["parameters"], match["intermediate"], match["final"])
        if match["short"] == "c":
            self.__init__()  # type: ignore[misc]
            return INSTEAD_OF_RESET
        if match["short"] and SHORT.fullmatch(match["short"]):
            self._charset = self._charset or match["short"][0] in "()"
            return match[0]
        # Shift out and in pass by not being tokens; everything else has no part in drawing.
        return ""

    def _control_sequence(self, parameters: str, intermediate: str, final: str) -> str:
        whole = f"\x1b[{parameters}{intermediate}{final}"
        if intermediate:
            return self._with_intermediate(parameters, intermediate, final, whole)
        if final in "hl":
            return self._mode(parameters, final)
        if final in "su":
            return whole if not parameters else ""
        if final in "JK" and parameters.startswith("?"):
            parameters = parameters[1:]
        if final not in DRAWING or not NUMBERS.fullmatch(parameters) or (final == "J" and parameters == "3"):
            return ""
        self._region = self._region or final == "r"
        return whole

    def _with_intermediate(self, parameters: str, intermediate: str, final: str, whole: str) -> str:
        """The shape of the cursor, and the soft reset."""
        if intermediate == " " and final == "q" and NUMBERS.fullmatch(parameters):
            self._shape = True
            return whole
        return whole if (parameters, intermediate, final) == ("", "!", "p") else ""

    def _mode(self, parameters: str, final: str) -> str:
        if parameters == "4":
            self._insert = final == "h"
            return f"\x1b[4{final}"
        known = [mode for mode in parameters[1:].split(";") if mode in MODES] if parameters.startswith("?") else []
        for mode in known:
            self._modes[mode] = final == "h"
        return f"\x1b[?{';'.join(known)}{final}" if known else ""
