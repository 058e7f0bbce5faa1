"""What the tests of `sortie upload` and `sortie watch` share: logins, and what has arrived."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from tests.capture.tus_stub import TOKEN
from tests.portal import Portal
from tests.waiting import until


def keep_login(home: Path, url: str, token: str = TOKEN, *, username: str = "alice", lasts: float = 3600.0) -> None:
    """As `sortie login` leaves it."""
    (home / ".sortie").mkdir(mode=0o700, exist_ok=True)
    content = {"url": url, "username": username, "token": token, "expires": time.time() + lasts}
    (home / ".sortie" / "portal.json").write_text(json.dumps(content))


def log_in(home: Path, portal: Portal, url: str = "") -> httpx.Client:
    """Log in as alice, at another address of the portal if one is given; the API as she sees it."""
    client = portal.client("alice")
    keep_login(home, url or portal.url, client.headers["Authorization"].removeprefix("Bearer "))
    return client


def recording_at(client: httpx.Client, done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """What the portal says of the recording whose address `sortie upload` printed, once it has put it away."""
    address = f"/api/recordings/{done.stdout.decode().strip().rpartition('/')[2]}"

    def said() -> dict[str, Any]:
        content: dict[str, Any] = client.get(address).raise_for_status().json()
        return content

    until(lambda: said()["status"] in ("ready", "failed"), "the end of the upload at the portal")
    return said()


def count(client: httpx.Client, title: str) -> int:
    """How many recordings of this title the portal has."""
    found: list[dict[str, Any]] = client.get("/api/recordings", params={"limit": 500}).raise_for_status().json()
    return sum(recording["title"] == title for recording in found)


def uploads_folder(home: Path) -> Path:
    return home / ".sortie" / "uploads"


def ledger(home: Path) -> list[dict[str, Any]]:
    """The lines of what was sent."""
    path = uploads_folder(home) / "sent.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
