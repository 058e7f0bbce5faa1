"""`manage.py mcp`: the portal for an agent on this machine, over standard input and output."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recordings import tokens
from recordings.mcp_server import callers, server


class Command(BaseCommand):
    help = "Serve the Model Context Protocol over stdin and stdout, as the user behind the token SORTIE_TOKEN."

    def handle(self, *args: Any, **options: Any) -> None:
        secret = os.environ.get("SORTIE_TOKEN", "").strip()
        if not secret:
            raise CommandError("Set SORTIE_TOKEN to a token; `manage.py create_token USER --name agent` makes one.")
        if tokens.admit(secret) is None:
            raise CommandError("SORTIE_TOKEN is not valid, or no longer; `manage.py create_token` makes another.")
        with callers.showing(callers.Credential(secret)):
            server.make().run("stdio")
