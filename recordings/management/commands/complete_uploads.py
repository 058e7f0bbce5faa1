"""`manage.py complete_uploads`: end silent recordings now, instead of at the next sweep."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from recordings import jobs
from recordings.ingest import silent
from recordings.tasks import HANDLERS


class Command(BaseCommand):
    help = "Put away uploads that are waiting, and end recordings whose client went silent. Safe to run any time."

    def handle(self, *args: Any, **options: Any) -> None:
        ended = silent.complete(timezone.now())
        done = jobs.run_due(HANDLERS)
        self.stdout.write(f"{done} jobs done, {ended} silent recordings ended")
