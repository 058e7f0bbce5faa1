"""`manage.py changepassword [USER]`: as Django's, but the audit log knows of it."""

import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from recordings import accounts
from recordings.audit import SORTIE
from recordings.models import User

TRIES = 3


class Command(BaseCommand):
    help = "Give a user a new password. It ends their tokens, and their sessions in browsers."
    requires_migrations_checks = True
    requires_system_checks: list[str] = []  # so that it works where Sortie does not start

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", help="Whose (default: the name you are logged in by here).")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"] or getpass.getuser()
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no user called {name}.")
        self.stdout.write(f"Changing the password of {name}")
        accounts.set_password(user, self._asked(user), SORTIE)
        self.stdout.write(f"The password of {name} was changed. Their tokens have ended.")

    def _asked(self, user: User) -> str:
        """A password that was typed twice and will do. Raises CommandError."""
        for _ in range(TRIES):
            password, again = getpass.getpass("Password: "), getpass.getpass("Password (again): ")
            if password != again:
                self.stderr.write("These were two different passwords. Try again.")
                continue
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.stderr.write(" ".join(error.messages))
            else:
                return password
        raise CommandError(f"Given up after {TRIES} attempts; the password of {user} stays as it was.")
