"""Fills a portal's database with recordings in every state. Run in the portal's environment, it prints JSON."""

import copy
import hashlib
import json
import sys
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from recordings.audit import SORTIE, Actor  # noqa: E402
from recordings.ingest import simple  # noqa: E402
from recordings.ingest.intake import Intake  # noqa: E402
from recordings.ingest.start import open_session  # noqa: E402
from recordings.models import Kind, Recording, Session, StorageDay, Tag, User  # noqa: E402
from recordings.models.session import SessionKind  # noqa: E402
from recordings.policies import Switch, turn  # noqa: E402
from recordings.search.index import describe  # noqa: E402
from tests.browser.portal import MANY, password_of  # noqa: E402
from tests.browser.shows import rollout  # noqa: E402

DESKTOP = {"kind": SessionKind.DESKTOP, "app_id": "desktop-7", "target": "10.0.4.17"}
STATES: list[dict[str, Any]] = [
    {"title": "Gateway deploy with rollback", "seconds": 1934, "session": DESKTOP, "tags": ["deploy", "prod"]},
    {"title": "Certificate rotation", "status": "recording", "session": DESKTOP},
    {"title": "Payments latency, incident 2214", "seconds": 4409, "session": DESKTOP, "tags": ["incident"]},
    {"title": "Load test of the new queue", "status": "uploading"},
    {"title": "Onboarding for the data team", "seconds": 812, "tags": ["onboarding"]},
    {"title": "Staging shell", "seconds": 838, "incomplete": True, "error": "The browser went silent at 14:02:11."},
    {
        "title": "Failover drill",
        "status": "failed",
        "error": "Nothing arrived: the recorder went silent at 14:02:11 UTC and sent no bytes.",
    },
    {"title": "Access review", "seconds": 2710, "on_hold": True, "hold_reason": "Legal, case 2026-114"},
]


def people() -> list[str]:
    """Everybody the tests sign in as; some of them own something."""
    for name in ("carol", "dave", "erin", "frank"):
        User.objects.create_user(name, password=password_of(name))
    for number, facts in enumerate(STATES):
        _recording("alice", hours=number * 5 + 0.2, **copy.deepcopy(facts))
    terminal("alice", json.dumps({"title": "kubectl rollout on bastion-1", "hours": 40.2, "tags": ["deploy"]}))
    later = {"deleted_at": timezone.now(), "purge_after": timezone.now() + timedelta(hours=21)}
    _recording("alice", hours=30, title="First try of the walkthrough", seconds=77, **later)
    for number in range(MANY):
        _recording("dave", hours=number * 7, title=f"Session {MANY - number}", seconds=60 + number)
    return list(User.objects.values_list("username", flat=True))


def person(name: str) -> str:
    """One more of whom tests can do with as they please."""
    return str(User.objects.create_user(name, password=password_of(name)).pk)


def titles(name: str) -> dict[str, str]:
    """Ids of what `name` owns, by title."""
    return {recording.title: str(recording.pk) for recording in Recording.objects.filter(owner__username=name)}


def one(name: str, facts: str) -> str:
    """The id of one more recording, described like those in STATES."""
    return str(_recording(name, hours=0, **json.loads(facts)).pk)


def terminal(name: str, facts: str, path: str = "") -> str:
    """The id of a terminal recording of `name`: that in the file at `path`, or a short one."""
    data = Path(path).read_bytes() if path else rollout()
    about = json.loads(facts)
    intake = Intake(expected=len(data), kind=Kind.TERMINAL)
    intake.write(data)
    by = Actor(User.objects.get(username=name))
    recording = simple.receive(intake.seal(), by, simple.About(title=about["title"]))
    at = timezone.now() - timedelta(hours=about.get("hours", 0))
    Recording.objects.filter(pk=recording.pk).update(created_at=at)
    _tag(recording, about.get("tags", []))
    return str(recording.pk)


def change(recording_id: str, facts: str) -> int:
    """Give a recording other facts, as another process would."""
    return Recording.objects.filter(pk=recording_id).update(**_facts(**json.loads(facts)))


def days(number: str) -> int:
    """What was kept on each of the last `number` days: a little more every day."""
    now = timezone.now()
    made = StorageDay.objects.bulk_create(
        StorageDay(
            day=(now - timedelta(days=back)).date(),
            recordings=200 - back,
            stored_bytes=(int(number) - back + back % 5) * 160_000_000,
            measured_at=now - timedelta(days=back),
        )
        for back in range(1, int(number) + 1)
    )
    return len(made)


def desktop(name: str, title: str, target: str, password: str = "") -> str:
    """The id of a running session of `name` with a VNC server."""
    owner = User.objects.get(username=name)
    facts = {"kind": SessionKind.DESKTOP, "title": title, "target": target, "password": password}
    return str(open_session(owner=owner, by=SORTIE, app_id="desktop", **facts).pk)


def auto_record(enabled: str) -> None:
    turn(Switch.AUTO_RECORD, SORTIE, on=enabled == "on")


def _recording(name: str, *, hours: float, **facts: Any) -> Recording:
    owner = User.objects.get(username=name)
    at = timezone.now() - timedelta(hours=hours)
    session_facts = facts.pop("session", {"kind": SessionKind.SCREEN, "app_id": "screen", "title": facts["title"]})
    tags = facts.pop("tags", [])
    session = Session.objects.create(owner=owner, created_at=at, **session_facts)
    recording = Recording.objects.create(owner=owner, session=session, created_at=at, **_facts(**facts))
    _tag(recording, tags)
    return recording


def _tag(recording: Recording, tags: list[str]) -> None:
    with transaction.atomic():
        Tag.objects.bulk_create(Tag(recording=recording, name=tag) for tag in tags)
        describe(recording)


def _facts(*, seconds: float | None = None, **facts: Any) -> dict[str, Any]:
    """Those of a ready recording if it has a length; else it waits for a client that is still there."""
    if seconds is None:
        return {"lease_until": timezone.now() + timedelta(hours=20), **facts}
    key = f"{uuid.uuid4()}/{uuid.uuid4().hex[:16]}.webm"
    return {
        "status": "ready",
        "duration_ms": int(seconds * 1000),
        "size_bytes": int(seconds * 61_000),
        "stored_size": int(seconds * 61_000),
        "sha256": hashlib.sha256(key.encode()).hexdigest(),
        "storage_backend": settings.SORTIE_RECORDING_STORAGE_BACKEND,
        "storage_key": key,
        "completed_at": timezone.now(),
        "width": 1920,
        "height": 1080,
        "codecs": "VP9, Opus",
        **facts,
    }


if __name__ == "__main__":
    known = (people, person, titles, one, terminal, change, days, desktop, auto_record)
    commands: dict[str, Any] = {f.__name__: f for f in known}
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
