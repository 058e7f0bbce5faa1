"""Put a WebM upload into the form it is stored in: made seekable where it lies, or copied as it came."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from recordings.ingest import staging
from recordings.ingest.plans import Made
from recordings.ingest.staging import Whole
from recordings.media import edit, webm
from recordings.models import Upload


class VideoPlan:
    """`Plan` for a WebM file."""

    def __init__(self, whole: Whole) -> None:
        """Raises WebmError, TookTooLong."""
        self._whole = whole
        self._scan = webm.scan(whole.file, start=whole.room)
        self._edit = edit.plan_edit(whole.file, self._scan)

    @property
    def undoing(self) -> Mapping[str, Any]:
        if self._edit is None:
            return {}
        return {
            "original_head": self._edit.original_head,
            "body_start": self._edit.body_start,
            "cut": self._edit.cut,
            "tail_saved": self._edit.tail_saved,
        }

    def carry_out(self, upload_id: UUID, scratch: ExitStack) -> Made:
        path = self._whole.path
        if self._edit:
            edit.apply(self._whole.file, self._edit)
            staging.sync_data(self._whole.file.fileno())
        else:
            path = scratch.enter_context(staging.scratch_disk().scratch(upload_id))
            staging.copy_file(self._whole.path, path, skip=self._whole.room)
        return Made(path, self._facts(), self._scan.notes)

    def _facts(self) -> dict[str, Any]:
        as_it_came = {"original_head": b"", "body_start": 0, "cut": None, "tail_saved": b""}
        return {
            "duration_ms": self._scan.duration_ms,
            "width": self._scan.width or None,
            "height": self._scan.height or None,
            "codecs": ", ".join(self._scan.codecs),
            **as_it_came,
            **self.undoing,
        }


def undo(upload: Upload, whole: Whole) -> None:
    """Put the uploaded bytes back: a process died after it began to edit them."""
    edit.restore(
        whole.file,
        start=whole.room,
        original_head=bytes(upload.original_head),
        cut=upload.cut or 0,
        tail_saved=bytes(upload.tail_saved),
    )
