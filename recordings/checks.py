"""System checks: combinations of settings that would not work, each with an id and how to mend it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

from recordings import storage

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}


@register("sortie")
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Settings that contradict each other."""
    return [*_work_is_done(), *_safe_to_reach(), *_room_to_stage()]


@register("sortie")
def check_local_store(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The folder of recordings can be written to."""
    if settings.SORTIE_RECORDING_STORAGE_BACKEND != "local" or not _recording_is_on():
        return []
    return list(_store_problems())


@register(Tags.security, "sortie", deploy=True)
def check_object_store(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The bucket answers: only with `check --deploy`, as it asks over the network."""
    if settings.SORTIE_RECORDING_STORAGE_BACKEND != "s3" or not _recording_is_on():
        return []
    return list(_store_problems())


def _work_is_done() -> Iterator[CheckMessage]:
    if not settings.REDIS_URL and not settings.SORTIE_IN_PROCESS_WORKER:
        yield Error(
            "There is no REDIS_URL and no worker in the web process: nobody does the background work.",
            hint="Set REDIS_URL and run `celery -A sortie worker` and `celery -A sortie beat`, "
            "or set SORTIE_IN_PROCESS_WORKER=true for a single machine.",
            id="sortie.E001",
        )
    if settings.REDIS_URL and settings.SORTIE_IN_PROCESS_WORKER:
        yield checks.Warning(
            "Every web process runs a worker and a beat of its own although there is a REDIS_URL.",
            hint="Set SORTIE_IN_PROCESS_WORKER=false where `celery -A sortie worker` and `beat` run.",
            id="sortie.W001",
        )
    if settings.REDIS_URL and connection.vendor == "sqlite":
        yield checks.Warning(
            "REDIS_URL speaks of many processes, but the database is SQLite, a file of this machine.",
            hint="Set DATABASE_URL to a PostgreSQL server: postgres://user:password@host:5432/name.",
            id="sortie.W002",
        )


def _safe_to_reach() -> Iterator[CheckMessage]:
    public = sorted(set(settings.ALLOWED_HOSTS) - _LOCAL_HOSTS)
    if not public:
        return
    if settings.DEBUG:
        yield checks.Warning(
            f"DEBUG shows settings and source code to whoever reaches {public[0]}.",
            hint="Set DEBUG=false.",
            id="sortie.W003",
        )
    if not settings.SORTIE_HTTPS:
        yield checks.Warning(
            f"Passwords and cookies travel unencrypted to {public[0]}, and browsers refuse to record there.",
            hint="Serve it over HTTPS and set SORTIE_HTTPS=true.",
            id="sortie.W004",
        )


def _room_to_stage() -> Iterator[CheckMessage]:
    # Whether it could be made in SORTIE_DATA the settings have looked at.
    folder = Path(settings.SORTIE_DATA) / "staging"
    if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        yield Error(
            f"Uploads cannot be staged: {folder} is not a folder that can be written to.",
            hint="Make it writable for the user that runs Sortie, or set SORTIE_DATA to another folder.",
            id="sortie.E002",
        )


def _store_problems() -> Iterator[CheckMessage]:
    for problem in storage.current_store().check():
        yield Error(problem, id="sortie.E003")


def _recording_is_on() -> bool:
    return bool(settings.SORTIE_VIDEO_RECORDING_ENABLED or settings.SORTIE_TERMINAL_RECORDING_ENABLED)
