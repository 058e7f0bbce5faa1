"""`manage.py purge_recordings`: retention now, instead of at the next hour."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from recordings import retention


class Command(BaseCommand):
    help = (
        "Hide recordings older than their limit, and remove for good those deleted longer ago than "
        "SORTIE_DELETED_KEEP_HOURS. Never touches recordings that are on hold or not ready."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would go, and why")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        if dry_run:
            self._preview(now)
            return
        hidden = retention.expire(now)
        purged = retention.purge(now)
        self.stdout.write(f"{hidden} hidden, {purged.gone} removed for good")
        if purged.waiting:
            self.stderr.write(
                f"{purged.waiting} could not be removed because the store refused; they will be tried again."
            )

    def _preview(self, now: Any) -> None:
        due = retention.due(now)
        for item in due:
            recording = item.recording
            self.stdout.write(
                f"{recording.pk}  {recording.completed_at:%Y-%m-%d}  {recording.owner.username}  "
                f"{recording.name}: {item.reason}"
            )
        more = " or more" if len(due) == retention.BATCH else ""
        self.stdout.write(f"{len(due)}{more} would be hidden, {retention.purgeable(now)} removed for good")
