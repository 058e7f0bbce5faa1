"""Asciicast version 2, written: one JSON header line, then one line an event.

https://docs.asciinema.org/manual/asciicast/v2/ says what is in a line. `x`, the exit status, comes from version 3;
readers of version 2 pass over codes they do not know.
"""

import codecs
import json
from json.encoder import encode_basestring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

OUTPUT, INPUT, RESIZE, MARKER, EXIT = "o", "i", "r", "m", "x"

# What json.encoder escapes, apart from the four that terminals print all the time.
RARE = bytes(code for code in range(32) if code not in b"\t\n\r\x1b")


def header_line(width: int, height: int, timestamp: int, more: "Mapping[str, object]") -> bytes:
    """The first line. `timestamp` is seconds since 1970, whole ones: asciinema 3 refuses fractions.

    What is empty in `more` is left out.
    """
    header: dict[str, object] = {"version": 2, "width": width, "height": height, "timestamp": timestamp}
    header.update({name: value for name, value in more.items() if value})
    return json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def event_line(seconds: float, code: str, text: bytes) -> bytes:
    """One event, `seconds` after the start. `text` is valid UTF-8, as `Utf8Stream` gives it."""
    return b'[%.6f,"%b",%b]\n' % (seconds, code.encode(), json_string(text))


def json_string(text: bytes) -> bytes:
    """UTF-8 as a JSON string: twice as fast as the encoder in `json`, which is left to do the rare cases."""
    if text.translate(None, RARE) != text:
        encoded: str = encode_basestring(text.decode())
        return encoded.encode()
    for raw, escaped in ESCAPES:
        text = text.replace(raw, escaped)
    return b'"%b"' % text


ESCAPES = (
    (b"\\", b"\\\\"),
    (b'"', b'\\"'),
    (b"\n", b"\\n"),
    (b"\r", b"\\r"),
    (b"\t", b"\\t"),
    (b"\x1b", b"\\u001b"),
)


class Utf8Stream:
    """Bytes in pieces cut anywhere, to pieces of whole characters; what is not UTF-8 becomes U+FFFD."""

    def __init__(self) -> None:
        self._tail = b""

    def take(self, data: bytes | bytearray) -> bytes:
        """The whole characters so far. The beginning of one that is not complete waits for the next call."""
        whole = self._tail + data if self._tail else bytes(data)
        self._tail = b""
        if whole.isascii():
            return whole
        try:
            used = codecs.utf_8_decode(whole, "strict", False)[1]
        except UnicodeDecodeError:
            text, used = codecs.utf_8_decode(whole, "replace", False)
            self._tail = whole[used:]
            return text.encode()
        if used == len(whole):
            return whole
        self._tail = whole[used:]
        return whole[:used]

    def end(self) -> bytes:
        """What an incomplete last character comes to."""
        tail, self._tail = self._tail, b""
        return tail.decode("utf-8", "replace").encode()
