"""What somebody looks for, cut into terms."""

import re
from dataclasses import dataclass

from recordings.search.words import words

MOST_TERMS = 8
MOST_WORDS = 24  # of a term
SHORTEST_BEGINNING = 3

_PART = re.compile(r'"([^"]*)"?|([^\s"]+)')


@dataclass(frozen=True)
class Term:
    """Words one behind the other; with `open_end` the last one may go on."""

    words: tuple[str, ...]
    open_end: bool = False


@dataclass(frozen=True)
class Question:
    """Each of the terms has to be found in a recording."""

    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)


def asked(text: str) -> Question:
    """The question in what somebody typed.

    Quotes hold words together. Without them a term is what stands between spaces; if its last word has three
    letters or more, it finds longer ones too. There are no other signs with a meaning: commands are full of them.
    """
    terms = []
    for match in _PART.finditer(text):
        quoted, bare = match.groups()
        found = tuple(words(bare if quoted is None else quoted)[:MOST_WORDS])
        if found:
            terms.append(Term(found, open_end=quoted is None and len(found[-1]) >= SHORTEST_BEGINNING))
    return Question(tuple(dict.fromkeys(terms))[:MOST_TERMS])
