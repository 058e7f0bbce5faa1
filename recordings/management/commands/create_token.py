"""`manage.py create_token USER --name NAME`: a token for a program."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from recordings import tokens
from recordings.audit import SORTIE
from recordings.models import User
from recordings.permissions import Scope

DAYS = 90


class Command(BaseCommand):
    help = "Make a token that acts as USER, and print it. It is shown only now; its hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USER")
        parser.add_argument("--name", required=True, help="What it is for.")
        parser.add_argument(
            "--scope",
            action="append",
            choices=[scope.value for scope in Scope],
            help="What it may be used for; give it several times for several (default: read).",
        )
        parser.add_argument(
            "--expires",
            default=str(DAYS),
            metavar="DAYS|DATE|never",
            help=f"When it ends: after so many days (default: {DAYS}), at the beginning of a day in UTC, or never.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user called {name}.")
        scopes = [Scope(scope) for scope in options["scope"] or [Scope.READ]]
        try:
            _, secret = tokens.create(
                user, SORTIE, name=options["name"], scopes=scopes, expires_at=_end(options["expires"])
            )
        except tokens.BadToken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(secret)


def _end(text: str) -> datetime | None:
    if text == "never":
        return None
    try:
        if text.isdecimal():
            return timezone.now() + timedelta(days=int(text))
        return datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise CommandError(f"--expires {text}: give a number of days, a date like 2027-01-31, or never.") from error
