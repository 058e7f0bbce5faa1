"""Bring in recordings that other programs left in files: each once, however often it is found.

A recording and the note that it has been imported are made in one transaction, its bytes are taken in before it and
put away after it. What a crash leaves without its bytes gets them from the next run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.db import transaction

from recordings import audit, library
from recordings.audit import SORTIE
from recordings.ingest import simple, start
from recordings.ingest.intake import Arrived, Intake, TooLarge
from recordings.ingest.sidecars import known
from recordings.media.errors import MediaError
from recordings.media.importers import Imported, Source, read
from recordings.models import Action, Import, Kind, Recording, Status, User
from recordings.titles import clean_title


class Outcome(StrEnum):
    """What became of something that was found."""

    IMPORTED = "imported"
    TAKEN = "taken, to be put away"
    WOULD_BE = "would be imported"
    THERE = "there already"
    DELETED = "deleted since it was imported"
    NOBODY = "nobody's"
    REFUSED = "refused"


@dataclass(frozen=True)
class Owners:
    """To whom a recording goes: by the name its user had on the recorded host, and to `default` the rest.

    same_name: a login is of the portal's user of that name, unless `by_login` knows better.
    """

    by_login: Mapping[str, User]
    default: User | None = None
    same_name: bool = False

    def of(self, login: str) -> User | None:
        """None if it is nobody's."""
        if login in self.by_login:
            return self.by_login[login]
        found = User.objects.filter(username=login, is_active=True).first() if self.same_name and login else None
        return found or self.default


@dataclass(frozen=True)
class Result:
    """What became of a source. reason: a sentence, where there is something to be said."""

    outcome: Outcome
    recording: Recording | None = None
    owner: User | None = None
    reason: str = ""


def bring(source: Source, owners: Owners, *, dry_run: bool = False) -> Result:
    """Import one recording, or with `dry_run` find out what would become of it.

    Raises:
        staging.DiskFull, staging.StagingUnavailable: nothing can be taken in at present.
    """
    try:
        fingerprint = source.fingerprint()
        before = Import.objects.filter(pk=fingerprint).select_related("recording__owner").first()
        settled = _settled(before)
        if settled:
            return settled
        imported = read(source)
        login = imported.header.about.user
        owner = before.recording.owner if before and before.recording else owners.of(login)
        if owner is None:
            return Result(Outcome.NOBODY, reason=f"Its user is {login}." if login else "Its user is not known.")
        if dry_run:
            return _tried(imported, owner)
        imported.check()
        arrived = _taken_in(imported)
    except (MediaError, TooLarge, OSError) as error:
        return Result(Outcome.REFUSED, reason=_sentence(error))
    return _put_away(imported, arrived, fingerprint, owner)


def _settled(before: Import | None) -> Result | None:
    """What to say of a recording that has been imported before; None if it still lacks its bytes."""
    if before is None:
        return None
    recording = before.recording
    if recording is None or recording.deleted_at:
        return Result(Outcome.DELETED)
    waits = recording.status == Status.UPLOADING and recording.uploads.sealed().exists()
    there = recording.status == Status.READY or waits
    return Result(Outcome.THERE, recording, recording.owner) if there else None


def _tried(imported: Imported, owner: User) -> Result:
    """Read all of it."""
    imported.check()
    if imported.events is not None:
        for _ in imported.cast():
            pass
    return Result(Outcome.WOULD_BE, owner=owner, reason=_reason(imported))


def _taken_in(imported: Imported) -> Arrived:
    """The recording as a cast, staged. Raises MediaError, TooLarge, staging.DiskFull."""
    size = sum(path.stat().st_size for path in imported.source.files)
    intake = Intake(expected=size if imported.events is None else 0, kind=Kind.TERMINAL)
    try:
        for block in imported.cast():
            intake.write(block)
        return intake.seal()
    finally:
        intake.discard()


def _put_away(imported: Imported, arrived: Arrived, fingerprint: str, owner: User) -> Result:
    recording = _recorded(imported, fingerprint, owner)
    about = simple.About(
        clean_title(imported.source.path.name, longest=255), imported.header.title, _sidecar(imported)
    )
    try:
        recording = simple.complete(recording, arrived, SORTIE, about)
    except MediaError as error:
        return Result(Outcome.REFUSED, recording, owner, str(error))
    except Recording.DoesNotExist:
        return Result(Outcome.DELETED)
    outcome = Outcome.IMPORTED if recording.status == Status.READY else Outcome.TAKEN
    return Result(outcome, recording, owner, _reason(imported))


def _recorded(imported: Imported, fingerprint: str, owner: User) -> Recording:
    """The recording that the bytes are for: a new one, or that which an earlier run has left without."""
    source = imported.source
    with transaction.atomic():
        known_as, _ = Import.objects.select_for_update().get_or_create(pk=fingerprint)
        if known_as.recording is not None:
            return known_as.recording
        title, name = imported.header.title, clean_title(source.path.name, longest=255)
        recording = start.receive(owner, SORTIE, kind=Kind.TERMINAL, title=title, filename=name, app_id="import")
        audit.record(Action.IMPORT, SORTIE, recording=recording, format=source.format, name=name)
        if imported.tags:
            library.edit(recording, SORTIE, tags=list(imported.tags[: library.MOST_TAGS]))
        known_as.recording = recording
        known_as.save(update_fields=["recording"])
        return recording


def _sidecar(imported: Imported) -> dict[str, Any]:
    """What is known of the recording besides its bytes, as a recorder would have sent it."""
    about, timestamp = imported.header.about, imported.header.timestamp
    said = {
        "session_id": about.session_id,
        "host": about.host,
        "host_id": about.host_id,
        "user": about.user,
        "start_time": datetime.fromtimestamp(timestamp, UTC).isoformat() if timestamp else "",
    }
    told = known({**imported.told, **{name: value for name, value in said.items() if value}})
    return {**told, "missing": imported.notes} if imported.notes else told


def _reason(imported: Imported) -> str:
    return " ".join([*imported.notes, *imported.warnings])


def _sentence(error: Exception) -> str:
    return str(error) if not isinstance(error, OSError) else f"It cannot be read: {error.strerror or error}."
