"""A tus client for tests that says what it is told to say, and a small recording to send."""

import base64
import hashlib
import io
import random
from typing import Any

from django.test import Client

from tests import webm_builder as build

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
UPLOADS = "/api/uploads"


def recording(clusters: int = 8, *, size: int = 1200, seed: int = 1) -> bytes:
    """A recording of so many seconds, each a cluster with a key frame of `size` bytes that do not repeat."""
    noise = random.Random(seed)
    frames = [build.VP8_KEYFRAME + noise.randbytes(size) for _ in range(clusters)]
    return build.webm(*(build.cluster(1000 * i, build.block(1, 0, frame=frame)) for i, frame in enumerate(frames)))


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


class Tus:
    """Each call is one request by `client`. Headers are given by keyword, `_` for `-`; None leaves one out."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def send(self, method: str, address: str, body: bytes = b"", **headers: str | None) -> Any:
        every = {"Tus_Resumable": VERSION, "Content_Type": None, **headers}
        given = {name.replace("_", "-"): value for name, value in every.items() if value is not None}
        content_type = given.pop("Content-Type", "")
        # Django's client says nothing of an empty body, and forbids one that is shorter than announced.
        more: dict[str, Any] = {
            "CONTENT_LENGTH": given.pop("Content-Length", str(len(body))),
            "CONTENT_TYPE": content_type,
            "wsgi.input": io.BytesIO(body),
        }
        return self.client.generic(method, address, body, content_type=content_type, headers=given, **more)

    def create(self, length: int | None = None, body: bytes | None = None, **headers: str | None) -> Any:
        """Begin an upload, of unknown length without one; `body` is sent along."""
        said = {"Upload_Defer_Length": "1"} if length is None else {"Upload_Length": str(length)}
        piece = {} if body is None else {"Content_Type": PIECE}
        every: dict[str, Any] = {**said, **piece, **headers}
        return self.send("POST", UPLOADS, body or b"", **every)

    def begun(self, length: int | None = None, **headers: str | None) -> str:
        """The address of a new upload."""
        made = self.create(length, None, **headers)
        assert made.status_code == 201, made.content
        address = made.headers["Location"]
        assert isinstance(address, str)
        return address

    def patch(self, address: str, at: int | str, body: bytes, **headers: str | None) -> Any:
        return self.send("PATCH", address, body, **{"Upload_Offset": str(at), "Content_Type": PIECE, **headers})

    def head(self, address: str, **headers: str | None) -> Any:
        return self.send("HEAD", address, b"", **headers)

    def delete(self, address: str, **headers: str | None) -> Any:
        return self.send("DELETE", address, b"", **headers)

    def offset(self, address: str) -> int:
        """What HEAD says."""
        found = self.head(address)
        assert found.status_code == 200, found.content
        return int(found.headers["Upload-Offset"])


def id_of(address: str) -> str:
    return address.rpartition("/")[2]
