"""What putting away asks of each kind of recording: a plan of what will be stored, and what that then is."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from recordings.models import Recording


def _nothing(recording: Recording) -> None:
    """The recording's own row says everything."""


@dataclass(frozen=True)
class Made:
    """The file to store, what its recording's row is to say, and `notes` on what is missing, a sentence each.

    describe: writes further rows, in the transaction in which the recording becomes ready.
    said: what the audit log is to say besides.
    """

    path: Path
    facts: Mapping[str, Any]
    notes: Sequence[str] = ()
    describe: Callable[[Recording], None] = field(default=_nothing)
    said: Mapping[str, Any] = field(default_factory=dict)


class Plan(Protocol):
    """How one upload will be put away. Planning changes nothing, and raises MediaError where there is no way."""

    @property
    def undoing(self) -> Mapping[str, Any]:
        """Fields of the upload with which what `carry_out` does to a file that is the only copy can be undone."""

    def carry_out(self, upload_id: UUID, scratch: ExitStack) -> Made:
        """Make the file. What is needed for it only is given up with `scratch`. Raises staging.DiskFull."""
