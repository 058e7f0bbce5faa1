"""`manage.py rotate_secret_key`: what is encrypted with an old SECRET_KEY is encrypted with the new one."""

from typing import Any

from django.core.management.base import BaseCommand

from recordings import desktops


class Command(BaseCommand):
    help = (
        "Encrypt the stored passwords of desktops with SECRET_KEY, whichever of SECRET_KEY_FALLBACKS they were "
        "encrypted with. When it is done these are no longer needed for them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rewritten, unreadable = desktops.reseal_passwords()
        self.stdout.write(f"{rewritten} passwords encrypted with SECRET_KEY")
        if unreadable:
            self.stderr.write(f"{unreadable} cannot be read with any key known here; they must be set again.")
