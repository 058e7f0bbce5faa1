"""Sessions, recordings and requests, ready-made; and a look at what they leave behind."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from recordings import tasks, tokens
from recordings.api import tus
from recordings.audit import Actor
from recordings.ingest import simple, start
from recordings.ingest.intake import BLOCK, Arrived, Intake
from recordings.ingest.leases import Leases
from recordings.models import AuditEvent, Job, Kind, Recording, Session, Upload, User
from recordings.storage import current_store
from tests.playables import ask, body
from tests.stores import listed
from tests.webm_samples import samples

BOUNDARY = "sortie-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@cache
def webm() -> bytes:
    """A recording as Chromium makes it: VP8 and Opus, four and a half seconds."""
    return samples()["vp8_opus"].read_bytes()


def api(user: User) -> APIClient:
    """A program that acts as `user` by bearer token; what goes wrong in the portal is a 500 to it."""
    return holding(token_of(user))


def token_of(user: User) -> str:
    """What a program is given that signs in as `user`."""
    return tokens.create_for_login(user, Actor(user), agent="tests")[0]


def holding(token: str) -> APIClient:
    """A program that shows `token`."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def browser(user: User | None, *, csrf: bool = True) -> Client:
    """A browser in which `user` is signed in; with `csrf` its scripts send the header, as ours do."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    if csrf:
        token = "a" * 32
        client.cookies[settings.CSRF_COOKIE_NAME] = token
        client.defaults["HTTP_X_CSRFTOKEN"] = token
    return client


def session_of(user: User, **facts: str) -> Session:
    return start.open_session(owner=user, by=Actor(user), app_id="firefox", **facts)


def started(user: User, session: Session | None = None, kind: Kind = Kind.VIDEO) -> Recording:
    return start.start(session or session_of(user), Actor(user), kind=kind)


def arrived(data: bytes) -> Arrived:
    """`data` on the staging disk, as an upload leaves it there."""
    intake = Intake(expected=len(data))
    for at in range(0, len(data), BLOCK):
        intake.write(data[at : at + BLOCK])
    return intake.seal()


def ready(user: User, data: bytes | None = None, **facts: Any) -> Recording:
    """A recording with bytes, `data` or a real one; `facts` are written over those of its row."""
    recording = started(user)
    simple.complete(recording, arrived(data or webm()), Actor(user), simple.About(filename="screen.webm"))
    Recording.objects.filter(pk=recording.pk).update(**facts)
    recording.refresh_from_db()
    return recording


def deleted(user: User, **facts: Any) -> Recording:
    """A deleted recording that can still be restored, without bytes."""
    now = timezone.now()
    recording = started(user)
    times = {"deleted_at": now, "purge_after": now + timedelta(hours=1)}
    Recording.objects.filter(pk=recording.pk).update(**{**times, **facts})
    recording.refresh_from_db()
    return recording


def field(name: str, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"


def file(data: bytes, name: bytes = b"screen.webm") -> bytes:
    head = b'Content-Disposition: form-data; name="file"; filename="' + name + b'"\r\nContent-Type: text/html'
    return f"--{BOUNDARY}\r\n".encode() + head + b"\r\n\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def upload(client: Client, recording: Recording, data: bytes | None = None, *, session: UUID | None = None) -> Any:
    """Send `data`, or a real recording, as a form; `session` is that of the address."""
    whole = form(field("recording_id", str(recording.pk)), file(webm() if data is None else data))
    return post_form(client, session or recording.session_id, whole)


def post_form(client: Client, session: UUID, whole: bytes) -> Any:
    return post(client, f"/api/sessions/{session}/recording/upload", whole, FORM)


def post(client: Any, address: str, data: bytes, content_type: str) -> Any:
    """POST just these bytes, announced by their length, also when there are none."""
    return client.generic("POST", address, data, content_type=content_type, CONTENT_LENGTH=str(len(data)))


def staged() -> list[str]:
    """The files in staging."""
    folder = Path(settings.SORTIE_DATA) / "staging"
    return sorted(path.name for path in folder.glob("*"))


def staged_file(upload_id: UUID) -> Path:
    """Where the bytes of an upload are staged, on disk."""
    return Path(settings.SORTIE_DATA) / "staging" / f"{upload_id}.part"


def stored() -> list[str]:
    """The keys of everything in the store."""
    if settings.SORTIE_RECORDING_STORAGE_BACKEND == "local" and not settings.SORTIE_RECORDING_STORAGE_PATH.exists():
        return []
    return listed(current_store())


def original_of(recording: Recording) -> bytes:
    """The bytes that were uploaded, as a download gives them."""
    return body(ask(recording, original=True))  # type: ignore[arg-type]


def playable_of(recording: Recording) -> bytes:
    """The whole stored object."""
    with current_store().open_range(recording.storage_key, 0, recording.stored_size or 0) as reader:
        return b"".join(reader)


def events(recording: Recording) -> list[str]:
    """What the audit log says of a recording, oldest first."""
    found = AuditEvent.objects.filter(recording_id=recording.pk).order_by("at", "id")
    return list(found.values_list("action", flat=True))


def let_leases_end() -> None:
    """As if a minute had gone by in which nobody did anything."""
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1), run_after=timezone.now())


def sweep_after_silence() -> None:
    """As if every client had been silent for longer than is waited for it, and the workers had looked into that."""
    Upload.objects.growing().filter(lease_until__isnull=False).update(lease_until=timezone.now())
    tus._leases = Leases()
    tasks.sweep()
