"""`manage.py move_recordings`: what is stored goes from one store to the other."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recordings import moving
from recordings.ingest import staging
from recordings.storage import StorageUnavailable

STORES = ("local", "s3")
TELL_EVERY = 100
MB = 1024 * 1024


class Command(BaseCommand):
    help = (
        "Move every stored recording to another store, verified by reading it back. Set the portal to the new "
        "store first, or new recordings go on to the old one. Can be stopped and run again at any time; recordings "
        "can be played throughout."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="source", choices=STORES, required=True, help="where they are")
        parser.add_argument("--to", dest="target", choices=STORES, required=True, help="where they go")
        parser.add_argument(
            "--keep", action="store_true", help="leave the old objects for reconcile_storage to find"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, source: str, target: str, keep: bool, dry_run: bool, **options: Any) -> None:
        if source == target:
            raise CommandError("--from and --to name the same store.")
        if dry_run:
            self.stdout.write(f"{moving.pending(source)} objects would be moved")
            return
        self._moved = self._bytes = self._stayed = 0
        try:
            for item in moving.move(source, target, keep=keep):
                self._tell(item)
        except (StorageUnavailable, staging.DiskFull) as error:
            raise CommandError(f"{self._sum()}; then: {error} Run it again to go on.") from error
        self.stdout.write(self._sum())
        if self._stayed:
            raise CommandError(f"{self._stayed} objects could not be moved; they are named above.")

    def _tell(self, item: moving.Moved) -> None:
        if item.problem:
            self._stayed += 1
            self.stderr.write(f"recording {item.recording_id}: {item.problem}")
            return
        self._moved += 1
        self._bytes += item.size
        if self._moved % TELL_EVERY == 0:
            self.stdout.write(self._sum())

    def _sum(self) -> str:
        return f"{self._moved} objects moved, {self._bytes / MB:.1f} MB"
