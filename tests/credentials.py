"""Tokens and connected terminals of a running portal's people, as a program of theirs would show them."""

import json
from dataclasses import asdict, dataclass

from tests.portal import Portal

EVERYTHING = "read upload manage"

_MAKE = """
import json
from uuid import UUID
from django.utils import timezone
from recordings import installs, tokens
from recordings.audit import SORTIE
from recordings.models import Token, User
from recordings.permissions import Scope

made = {}
for name, wanted in json.loads(%r).items():
    user, scopes = User.objects.get(username=wanted["user"]), [Scope(scope) for scope in wanted["scopes"].split()]
    token, made[name] = tokens.create(user, SORTIE, name=name, scopes=scopes, expires_at=None)
    if wanted["install"]:
        install = installs.connect(user, UUID(wanted["install"]), SORTIE)
    if wanted["over"]:
        Token.objects.filter(pk=token.pk).update(expires_at=timezone.now())
        if wanted["install"]:
            installs.revoke(install, SORTIE)
print(json.dumps(made))
"""


@dataclass(frozen=True)
class Wanted:
    """A token of `user` with these scopes, and an installation of asciinema with an id; `over`: both have ended."""

    user: str
    scopes: str = EVERYTHING
    over: bool = False
    install: str = ""


def make(portal: Portal, **wanted: Wanted) -> dict[str, str]:
    """The tokens, by their names."""
    asked = json.dumps({name: asdict(one) for name, one in wanted.items()})
    made: dict[str, str] = json.loads(portal.manage("shell", "--verbosity=0", "-c", _MAKE % asked))
    return made
