"""`manage.py import_recordings PATH...`: terminal recordings of other programs, from files and folders."""

from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recordings.ingest import importing, kinds, staging
from recordings.ingest.importing import Outcome, Owners, Result
from recordings.media import importers
from recordings.media.errors import MediaError
from recordings.models import Kind, User
from recordings.titles import clean_title

WRONG = (Outcome.NOBODY, Outcome.REFUSED)


class Command(BaseCommand):
    help = (
        "Import terminal recordings: asciicasts with what lies beside them, and what script, ttyrec, tlog and sudo "
        "have recorded. Each is imported once, so the same command can be run again after an interruption, or when "
        "there are new ones. Give it what has ended; the files stay as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a file, or a folder and all below")
        parser.add_argument("--owner", metavar="USER", help="whose those become that are nobody else's")
        parser.add_argument(
            "--user",
            metavar="LOGIN=USER",
            action="append",
            default=[],
            help="what LOGIN did on the recorded host becomes USER's; may be given several times",
        )
        parser.add_argument(
            "--same-name", action="store_true", help="a login is of the user of the portal who has the same name"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="read everything, and only say what would happen"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            kinds.check_taken(Kind.TERMINAL)
            owners = _owners(options)
            sources = [source for path in options["paths"] for source in importers.find(path)]
        except (kinds.SwitchedOff, MediaError) as error:
            raise CommandError(str(error)) from error
        counts: Counter[Outcome] = Counter()
        for number, source in enumerate(sources, 1):
            try:
                result = importing.bring(source, owners, dry_run=options["dry_run"])
            except (staging.DiskFull, staging.StagingUnavailable) as error:
                raise CommandError(f"Stopped at {source.path}: {error} Run it again to go on.") from error
            counts[result.outcome] += 1
            self._tell(f"[{number}/{len(sources)}]", source, result)
        self._sum_up(counts)

    def _tell(self, place: str, source: importers.Source, result: Result) -> None:
        name = clean_title(f"{source.path}{f' ({source.part})' if source.part else ''}", longest=500)
        facts = [
            f"{name}: {result.outcome}",
            result.owner.username if result.owner else "",
            str(result.recording.pk) if result.recording else "",
            clean_title(result.reason, longest=500),
        ]
        out = self.stderr if result.outcome in WRONG else self.stdout
        out.write(f"{place} {'  '.join(filter(None, facts))}")

    def _sum_up(self, counts: Counter[Outcome]) -> None:
        self.stdout.write(
            ", ".join(f"{counts[each]} {each}" for each in Outcome if counts[each]) or "nothing found"
        )
        wrong = sum(counts[outcome] for outcome in WRONG)
        if counts[Outcome.NOBODY]:
            self.stderr.write("Say whose they are with --user LOGIN=USER, --same-name or --owner USER.")
        if wrong:
            raise CommandError(f"{wrong} of {counts.total()} cannot be imported like this.")


def _owners(options: dict[str, Any]) -> Owners:
    pairs = [given.partition("=")[::2] for given in options["user"]]
    default = _user(options["owner"]) if options["owner"] else None
    return Owners({login: _user(name) for login, name in pairs}, default, options["same_name"])


def _user(name: str) -> User:
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no active user called {name!r}.")
    return found
