"""Text that people give and other people see: made safe to show on one line."""

import unicodedata

# What the session of an upload is called until it is known what is in it.
UNNAMED = "Terminal recording"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Joiners that emoji and several scripts cannot do without.
_JOINERS = {"\u200c", "\u200d"}


def clean_title(text: str, *, longest: int = 200) -> str:
    """One line without control characters, direction overrides or surrogates; white space is folded."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    visible = (c for c in spaced if c in _JOINERS or unicodedata.category(c) not in _HIDDEN)
    return " ".join("".join(visible).split())[:longest]
