"""Whom the API is asked by in tests, what there is to ask about, and what its description says."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings
from rest_framework.test import APIClient

from recordings import installs, jobs, tasks, tokens
from recordings.api import docs
from recordings.api.description import METHODS, Json
from recordings.audit import SORTIE, Actor
from recordings.ingest import staging
from recordings.models import Recording, User
from recordings.permissions import Scope
from tests import webm_builder as build
from tests.casting import made
from tests.making import api, holding, ready, started
from tests.terminal.build import cast
from tests.tus_client import Tus, recording

DATA = recording()
EIGHT_K_SQUARE = build.webm(build.cluster(0, build.block(1, 0)), tracks=build.video_track(width=8192, height=8192))


def operations() -> dict[str, tuple[str, str, Json]]:
    """Method, path and facts of each operation, by its id."""
    return {
        item[method]["operationId"]: (method, path, item[method])
        for path, item in docs.described()["paths"].items()
        for method in METHODS
        if method in item
    }


@contextmanager
def without_database() -> Iterator[None]:
    """Whatever is asked of it, the database is gone."""

    def gone(*args: Any) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(gone):
        yield


class World:
    """Alice has recordings, bob is a stranger to them, ada is an admin; and the store or the disk may be gone."""

    def __init__(self, alice: User, bob: User, ada: User, settings: Settings, patch: pytest.MonkeyPatch) -> None:
        self.owner, self.admin = alice, ada
        self.alice, self.bob, self.ada = (api(person) for person in (alice, bob, ada))
        self.nobody = APIClient(raise_request_exception=False)
        self.tus = Tus(self.alice)
        self.settings, self.patch = settings, patch

    @cached_property
    def live(self) -> Recording:
        return started(self.owner)

    @cached_property
    def done(self) -> Recording:
        return ready(self.owner)

    @cached_property
    def terminal(self) -> Recording:
        """One that has been read."""
        recording = made(self.owner, cast())
        jobs.run_due(tasks.HANDLERS)
        return recording

    @cached_property
    def begun(self) -> str:
        """The address of an upload without bytes."""
        return self.tus.begun(len(DATA))

    @cached_property
    def asciinema(self) -> APIClient:
        """An installation of it that alice has connected."""
        install_id = uuid4()
        installs.connect(self.owner, install_id, Actor(self.owner))
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Basic {base64.b64encode(f'alice:{install_id}'.encode()).decode()}")
        return client

    def lacking(self, name: str) -> APIClient:
        """A program of the admin's whose token may be used for everything but this operation."""
        scopes = set(Scope) - {operations()[name][2]["x-scope"]}
        return holding(tokens.create(self.admin, SORTIE, name="x", scopes=scopes, expires_at=None)[1])

    def at(self, recording: Recording, rest: str = "") -> str:
        return f"/api/recordings/{recording.pk}{rest}"

    def capture(self, rest: str) -> str:
        return f"/api/sessions/{self.live.session_id}/recording/{rest}"

    def no_store(self) -> None:
        """A local store below something that is no folder."""
        self.settings.SORTIE_RECORDING_STORAGE_BACKEND = "local"
        self.settings.SORTIE_RECORDING_STORAGE_PATH = Path("/dev/null/recordings")

    def full_disk(self) -> None:
        for floor in ("FREE_SPACE_FLOOR", "LAST_SPACE"):
            self.patch.setattr(staging.local, floor, 1 << 62)

    def on_s3(self) -> Recording:
        """A recording whose bytes an object store sends; its address is made without asking it."""
        self.settings.SORTIE_RECORDING_S3_BUCKET = self.settings.SORTIE_RECORDING_S3_BUCKET or "bucket"
        self.patch.setenv("AWS_ACCESS_KEY_ID", "id")
        self.patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        Recording.objects.filter(pk=self.done.pk).update(storage_backend="s3")
        return self.done
