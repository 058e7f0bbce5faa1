"""A backup made as OPERATING.md says, while the portal runs: what is restored from it has and serves the same."""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests import environment
from tests import portal as portals
from tests.portal import ROOT, Portal
from tests.services import postgres_program
from tests.tus_client import PIECE, VERSION, recording
from tests.waiting import until

OPERATING = (ROOT / "OPERATING.md").read_text()
WHOLE, LATER = recording(seed=1), recording(seed=2)
HALF = 5000
PURGE_KEPT = (
    "from recordings.models import Recording; from recordings import retention; from django.utils import timezone; "
    "kept = Recording.objects.filter(title='kept'); "
    "kept.update(deleted_at=timezone.now(), purge_after=timezone.now()); "
    "retention.purge(timezone.now()); "
    "print(kept.count())"
)


def commands(heading: str) -> str:
    """The commands that OPERATING.md gives below a heading."""
    return str(re.findall(rf"### {heading}\n.*?```bash\n(.*?)```", OPERATING, re.DOTALL)[0])


def shell(script: str, folder: Path, **variables: str) -> None:
    paths = [Path(postgres_program("pg_dump") or "pg_dump").parent, ROOT / ".venv" / "bin"]
    path = ":".join([*map(str, paths), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**variables, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def origin() -> Iterator[Portal]:
    with portals.running() as started:
        yield started


def tus(client: httpx.Client, method: str, address: str, body: bytes = b"", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request(method, address, content=body, headers={"Tus-Resumable": VERSION, **named})


def upload(client: httpx.Client, data: bytes, title: str, *, first: int) -> str:
    """The path of an upload of which the first bytes are sent."""
    made = tus(client, "POST", "/api/uploads", Upload_Length=str(len(data)))
    path = httpx.URL(made.headers["Location"]).path
    tus(client, "PATCH", path, data[:first], Upload_Offset="0", Content_Type=PIECE)
    client.patch(f"/api/recordings/{made.headers['Sortie-Recording']}", json={"title": title})
    return path


def listed(client: httpx.Client) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = client.get("/api/recordings").raise_for_status().json()
    return found


def restored(origin: Portal, backup: Path, tmp_path: Path) -> dict[str, str]:
    """What a portal needs to run on what was backed up."""
    data = tmp_path / "restored"
    settings = {"SORTIE_DATA": str(data), "SECRET_KEY": origin.variables["SECRET_KEY"]}
    if environment.PROFILE == "single":
        shutil.copytree(backup, data)
        return settings
    shutil.copytree(backup / "staging", data / "staging")
    url = environment.servers().postgres.create_database(f"restored_{secrets.token_hex(4)}")
    shell(commands("Restoring a cluster"), backup.parent, DATABASE_URL=url)
    prefix = f"restored-{secrets.token_hex(4)}/"
    copy_objects(origin.variables["SORTIE_RECORDING_S3_PREFIX"], prefix)
    return {**settings, "DATABASE_URL": url, "SORTIE_RECORDING_S3_PREFIX": prefix}


def copy_objects(source: str, target: str) -> None:
    """What any tool that copies buckets does."""
    server = environment.servers().s3
    client = server.client()
    for entry in client.list_objects_v2(Bucket=server.bucket, Prefix=source).get("Contents", ()):
        where = {"Bucket": server.bucket, "Key": entry["Key"]}
        client.copy_object(CopySource=where, Bucket=server.bucket, Key=target + entry["Key"].removeprefix(source))


def test_a_restored_copy_serves_the_same(origin: Portal, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    backup.mkdir()
    with origin.client("alice") as client:
        upload(client, WHOLE, "kept", first=len(WHOLE))
        half = upload(client, LATER, "half", first=HALF)
        before = listed(client)
        assert [one["status"] for one in before] == ["uploading", "ready"]

        if environment.PROFILE == "single":
            (tmp_path / "var").symlink_to(origin.data)
            (origin.data / "settings.env").write_text("# nothing is in it\n")
            shell(commands("One machine"), tmp_path)
        else:
            (tmp_path / "data").symlink_to(origin.data)
            shell(commands("A cluster"), tmp_path, DATABASE_URL=origin.variables["DATABASE_URL"])
        token = client.headers["Authorization"]
    with portals.running(**restored(origin, backup, tmp_path)) as copy:
        # Not while its pictures are still being made.
        until(lambda: origin.manage("shell", "-v0", "-c", PURGE_KEPT).split()[-1] == "0")
        with httpx.Client(base_url=copy.url, headers={"Authorization": token}, timeout=60) as client:
            assert listed(client) == before
            kept = before[1]["id"]
            original = client.get(
                f"/api/recordings/{kept}/download", params={"original": "1"}, follow_redirects=True
            )
            assert original.content == WHOLE
            assert client.get(f"/api/recordings/{kept}/download", follow_redirects=True).status_code == 200
            assert tus(client, "HEAD", half).headers["Upload-Offset"] == str(HALF)
            rest = tus(client, "PATCH", half, LATER[HALF:], Upload_Offset=str(HALF), Content_Type=PIECE)
            assert rest.status_code == 204
            assert [one["status"] for one in listed(client)] == ["ready", "ready"]
        assert "0 damaged recordings" in copy.manage("reconcile_storage")
