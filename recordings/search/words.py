"""Text cut into words, in the order in which they stand there.

A word is a run of letters and digits. So an address, a path or a name with dots is several words one behind the
other, and is found as such. Scripts that put no spaces between words are cut into single characters: then any part
of a sentence is found. Case and the width of letters make no difference.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 64  # characters; what goes on behind them makes no difference

# Thai, Lao, Tibetan, Burmese, Khmer; kana, ideographs and their relatives; Hangul, whose words have many endings.
_ALONE = (
    "\u0e00-\u0eff\u0f00-\u109f\u1100-\u11ff\u1780-\u17ff"
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u3040-\u30ff\u3100-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")


class Word(NamedTuple):
    """A word as it is compared, and where in the text it stands."""

    text: str
    start: int
    end: int


def words(text: str) -> list[str]:
    """The words of a text, as they are compared."""
    if text.isascii():
        return [word[:LONGEST] for word in _ASCII_WORD.findall(text.lower())]
    return [word.text for word in placed(text)]


def placed(text: str) -> Iterator[Word]:
    """The same with their places."""
    for match in _WORD.finditer(text):
        compared = _compared(match[0])
        if compared:
            yield Word(compared, match.start(), match.end())


def _compared(word: str) -> str:
    if word.isascii():
        return word.lower()[:LONGEST]
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(filter(str.isalnum, folded))[:LONGEST]
