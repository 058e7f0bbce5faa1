"""Films that are there, and took no time to make."""

from recordings import exporting
from recordings.models import Export, ExportForm, Recording


def film(recording: Recording, data: bytes = b"a film", form: ExportForm = ExportForm.MP4) -> Export:
    """A film of a recording that has these bytes."""
    export = Export.objects.create(recording=recording, form=form, skip_idle=True)
    exporting._keep(export, [data])
    export.refresh_from_db()
    return export
