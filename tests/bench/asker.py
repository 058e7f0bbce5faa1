"""Asks a portal for pages in a process of its own (`child`), by Django's test client: without what a network costs.

`python -m tests.bench.asker`, in the environment of a portal. Asked to `make` it, it makes tables and so many
`recordings` and `transcripts` (`tests.seed`). Asked for an `address` by the `owner` of many recordings or by an
`admin`, it answers with the milliseconds that each of `times` requests took; `{deep}` in it is the cursor of page
1,000, or of the last one, and `{rare}` a word of one recording.
"""

import gc
import time
from typing import Any

import django
from django.conf import settings

from tests.bench.child import Answer, answer

django.setup()

from django.core.management import call_command  # noqa: E402  (settings first)
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from recordings import library  # noqa: E402
from recordings.models import Recording, User  # noqa: E402
from tests import seed, seed_sqlite  # noqa: E402

DEEP = 999 * library.PAGE


def respond(question: Answer) -> Answer:
    if question.get("make"):
        return made(question)
    client, address = client_of(question["by"]), filled(question["address"])
    # Templates are compiled at the first; what is there then is left alone, as in the portal's own processes.
    timed(client, address)
    gc.collect()
    gc.freeze()
    return {"taken": [timed(client, address) for _ in range(question["times"])]}


def timed(client: Any, address: str) -> float:
    begun = time.perf_counter()
    status = client.get(address).status_code
    if status != 200:
        raise RuntimeError(f"{address}: {status}")
    return (time.perf_counter() - begun) * 1000


def made(question: Answer) -> Answer:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    begun = time.monotonic()
    if connection.vendor == "postgresql":
        seeded = seed.fill(question["recordings"], question["transcripts"])
    else:
        seeded = seed_sqlite.fill(question["recordings"])
    User.objects.create_superuser("ada")
    return {"seconds": time.monotonic() - begun, "indexed_in": seeded.indexed_in}


def client_of(by: str) -> Any:
    settings.ALLOWED_HOSTS = ["*"]
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(User.objects.get(username="ada" if by == "admin" else "seeded-0"))
    return client


def filled(address: str) -> str:
    there = Recording.objects.filter(deleted_at=None)
    if "{deep}" in address:
        last = min(DEEP, there.count() - library.PAGE)
        row = there.order_by("-created_at", "-pk")[last]
        return address.replace("{deep}", library.cursor_after(row.created_at, row.pk))
    if "{rare}" in address:
        oldest = there.filter(owner__username="seeded-0").order_by("created_at").first()
        assert oldest is not None
        return address.replace("{rare}", oldest.title.split()[-1])
    return address


if __name__ == "__main__":
    answer(respond)
