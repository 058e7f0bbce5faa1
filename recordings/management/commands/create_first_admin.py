"""`manage.py create_first_admin`: somebody who can sign in to a new portal."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recordings import first_admin


class Command(BaseCommand):
    help = (
        "Make the admin named by SORTIE_ADMIN_USERNAME (admin) with the password in SORTIE_ADMIN_PASSWORD, "
        "or with a generated one that is printed once. Does nothing if there is any user."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        name, given = settings.SORTIE_ADMIN_USERNAME, settings.SORTIE_ADMIN_PASSWORD
        try:
            password = first_admin.create(name, given)
        except first_admin.UnusableCredentials as error:
            raise CommandError(f"SORTIE_ADMIN_USERNAME or SORTIE_ADMIN_PASSWORD cannot be used. {error}") from error
        if password is None:
            self.stdout.write("There are users already; nothing was done.")
        elif given:
            self.stdout.write(f"The admin {name} was made, with the password in SORTIE_ADMIN_PASSWORD.")
        else:
            self.stdout.write(f"The admin {name} was made. Password, shown only now: {password}")
