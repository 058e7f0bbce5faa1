"""What is not as it should be in a cast that can be read all the same."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

Repair = Enum("Repair", ["CHARACTERS", "CLOCK", "SIZE", "HEADER", "FORM"])
"""CHARACTERS: text that is no UTF-8, or half a surrogate pair. CLOCK: a time before the one before. SIZE: a resize
to nothing, or to more than `CastLimits.side`. HEADER: a value that the format does not allow. FORM: anything that
strict readers stumble over and nobody misses, such as blank lines."""

_SENTENCES = {
    Repair.CHARACTERS: "In {:,} places there are bytes that are no characters; a replacement is shown for them.",
    Repair.CLOCK: "The recorder's clock went backwards {:,} times; what follows is taken to have come at once.",
    Repair.SIZE: "{:,} changes of the terminal's size make no sense and are left out.",
}


@dataclass(slots=True)
class Condition:
    """What is found out while a cast is read; whole once it has been read to its end.

    gzip, members: whether it is compressed, and of how many gzip members it consists.
    plain_bytes: its size, uncompressed.
    cut: it breaks off.
    repairs: what was put right, and how often.
    """

    gzip: bool = False
    members: int = 0
    plain_bytes: int = 0
    cut: bool = False
    repairs: Counter[Repair] = field(default_factory=Counter)

    def note(self, repair: Repair) -> None:
        self.repairs[repair] += 1

    @property
    def clean(self) -> bool:
        """Whether every reader takes it exactly as it is, once it is decompressed."""
        return not self.cut and not self.repairs

    @property
    def notes(self) -> tuple[str, ...]:
        """What was put right and may be seen, a sentence each, for a person."""
        return tuple(_SENTENCES[each].format(self.repairs[each]) for each in _SENTENCES if self.repairs[each])
