"""`manage.py reconcile_storage`: hold the rows against the stored objects."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from recordings import reconcile
from recordings.storage import StorageUnavailable


class Command(BaseCommand):
    help = (
        "List ready recordings whose object is missing or damaged, and stored objects (older than a day) "
        "that no recording knows of."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--backend",
            choices=["local", "s3"],
            default=settings.SORTIE_RECORDING_STORAGE_BACKEND,
            help="which store to look at (default: the one in use)",
        )
        parser.add_argument("--delete-orphans", action="store_true", help="remove the objects without a recording")

    def handle(self, *args: Any, backend: str, delete_orphans: bool, **options: Any) -> None:
        try:
            found = reconcile.compare(backend, timezone.now())
            for recording, problem in found.damaged:
                self.stdout.write(f"recording {recording.pk} ({recording.name}): {problem}")
            for orphan in found.orphans:
                self.stdout.write(f"object {orphan.key}: {orphan.size} bytes, no recording")
            if delete_orphans:
                reconcile.delete_orphans(backend, found.orphans)
        except StorageUnavailable as error:
            raise CommandError(str(error)) from error
        fate = "removed" if delete_orphans else "left"
        self.stdout.write(f"{len(found.damaged)} damaged recordings, {len(found.orphans)} orphans {fate}")
        if found.damaged:
            raise CommandError("Some recordings have lost their bytes; restore the objects from a backup.")
