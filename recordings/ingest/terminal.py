"""Put an asciicast upload into the form it is stored in, and write down what is in it."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from recordings.ingest import staging
from recordings.ingest.plans import Made
from recordings.ingest.sidecars import Sidecar, sidecar_of
from recordings.ingest.staging import Whole
from recordings.media.asciicast import CastScan, Kept, keep, scan
from recordings.media.asciicast.events import EXIT, INPUT, MARKER, OUTPUT, RESIZE
from recordings.media.asciicast.scan import has_input
from recordings.media.limits import CastLimits
from recordings.models import Marker, Policy, Recording, Session, Terminal, Upload
from recordings.search.index import describe
from recordings.titles import UNNAMED, clean_title

LONGEST_COMMAND = 1000
MOST_GAPS = 500
CODES = (OUTPUT, INPUT, RESIZE, MARKER, EXIT)


class TerminalPlan:
    """`Plan` for an asciicast of any version, compressed or not."""

    undoing: Mapping[str, Any] = {}

    def __init__(self, upload: Upload, whole: Whole, limits: CastLimits) -> None:
        """Raises CastError, TookTooLong."""
        self._whole = whole
        self._name = upload.name
        self._sidecar = sidecar_of(upload.sidecar)
        self._scan = scan(whole.file, start=whole.room, limits=limits)

    def carry_out(self, upload_id: UUID, scratch: ExitStack) -> Made:
        path = scratch.enter_context(staging.scratch_disk().scratch(upload_id))
        with_input = Policy.current().keep_input
        with staging.filling(path) as sink:
            kept = keep(self._whole.file, self._scan, sink, with_input=with_input, start=self._whole.room)
        found = self._scan
        facts = {
            "duration_ms": found.duration_ms,
            "width": found.width,
            "height": found.height,
            "codecs": f"asciicast {found.version}",
        }
        removed = has_input(found) and not with_input
        describe = partial(self._describe, kept=kept, removed=removed)
        said = {"input_removed": True} if removed else {}
        return Made(path, facts, [*found.notes, *self._sidecar.notes], describe, said)

    def _describe(self, recording: Recording, *, kept: Kept, removed: bool) -> None:
        known = {**_measured(self._scan), **_said(self._scan, self._sidecar), **_places(kept)}
        Terminal.objects.update_or_create(recording=recording, defaults={**known, "input_removed": removed})
        title = self._title(known)
        if title and not recording.title:
            Recording.objects.filter(pk=recording.pk, title="").update(title=title)
            recording.title = title
        self._name_session(recording)
        self._mark(recording)
        if known["host"]:
            Session.objects.filter(pk=recording.session_id, target="").update(target=known["host"])
        describe(recording)

    def _name_session(self, recording: Recording) -> None:
        """As the recording, where it was made for this upload and had no better name."""
        placeholders = {UNNAMED, clean_title(self._name)} - {""}
        session = Session.objects.filter(pk=recording.session_id, title__in=placeholders)
        if recording.title and session.update(title=recording.title):
            recording.session.title = recording.title

    def _mark(self, recording: Recording) -> None:
        """The moments that were named while it was recorded, but for those that an earlier part of it had."""
        there = set(recording.markers.values_list("at_ms", "label"))
        found = {(marker.at // 1000, clean_title(marker.label)) for marker in self._scan.markers}
        Marker.objects.bulk_create(
            Marker(recording=recording, at_ms=at_ms, label=label) for at_ms, label in sorted(found - there)
        )

    def _title(self, known: Mapping[str, Any]) -> str:
        """What a recording is called that nobody has named."""
        header = self._scan.header
        whose = "@".join(filter(None, (known["login"], known["host"])))
        stem = self._name.removesuffix(".gz").rpartition(".")[0] or self._name
        return clean_title(header.title) or clean_title(header.command) or clean_title(whose) or clean_title(stem)


def _measured(found: CastScan) -> dict[str, Any]:
    return {
        "version": found.version,
        "events": _counts(found),
        "exit_status": found.exit_status if abs(found.exit_status or 0) < 2**31 else None,
        "most_columns": found.largest[0],
        "most_rows": found.largest[1],
        "idle": _gaps(found),
    }


def _gaps(found: CastScan) -> list[tuple[int, int]]:
    """Where nothing happened, in milliseconds; of many gaps the longest."""
    longest = sorted(found.idle.gaps, key=lambda gap: -gap[1])[:MOST_GAPS]
    return [(start // 1000, length // 1000) for start, length in sorted(longest)]


def _counts(found: CastScan) -> dict[str, int]:
    """How many events there are of each code that has a meaning, and of all others together."""
    known = {code: found.events[code] for code in CODES if found.events[code]}
    others = found.events.total() - sum(known.values())
    return {**known, "other": others} if others else known


def _said(found: CastScan, beside: Sidecar) -> dict[str, Any]:
    """What header and sidecar say; the header, which belongs to the bytes, is believed first."""
    header, about = found.header, found.header.about
    began = datetime.fromtimestamp(header.timestamp, UTC) if header.timestamp else None
    return {
        "recorded_at": began or beside.start_time,
        "host": _line(about.host) or beside.host,
        "host_id": _line(about.host_id) or beside.host_id,
        "login": _line(about.user) or beside.user or _line(header.env.get("USER", "")),
        "command": clean_title(header.command, longest=LONGEST_COMMAND),
        "shell": _line(header.env.get("SHELL", "")) or beside.shell,
        "agent": _line(about.agent),
        "reference": _line(about.session_id) or beside.session_id,
        "command_count": beside.command_count,
    }


def _line(text: str) -> str:
    return clean_title(text, longest=255)


def _places(kept: Kept) -> dict[str, Any]:
    return {
        "played_size": kept.played,
        "plain_size": kept.plain,
        "original_start": kept.original_start,
        "original_packed": kept.original_packed,
        "original_size": kept.original_size,
        "original_sha256": kept.original_sha256,
    }
