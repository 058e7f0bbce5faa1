"""What only S3 can get wrong: broken connections, half-done uploads, addresses, versions, wrong set-ups."""

import os
import secrets
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from recordings import storage
from recordings.storage import AlreadyStored, DeletionIncomplete, ObjectMissing, StorageUnavailable, new_key
from recordings.storage.s3 import S3Store
from tests.proxy import FaultyProxy
from tests.services import S3Server, free_ports
from tests.stores import MIB, PART, SOON, WEBM, key, listed, put_elsewhere, put_wins, staged, stored_bytes


@pytest.fixture
def s3(s3_settings: S3Server) -> S3Store:
    made = storage.current_store()
    assert isinstance(made, S3Store)
    return made


def s3_at(server: S3Server, endpoint: str, **options: Any) -> S3Store:
    return S3Store(
        bucket=server.bucket, region=server.region, endpoint=endpoint, prefix=secrets.token_hex(6), **options
    )


def put_directly(server: S3Server, store: S3Store, count: int) -> list[str]:
    names = [key() for _ in range(count)]
    client = server.client()
    for name in names:
        client.put_object(Bucket=server.bucket, Key=store._name(name), Body=b"x")
    return names


def test_killed_while_it_uploads(s3_settings: S3Server, tmp_path: Path) -> None:
    server, name = s3_settings, key()
    path = staged(tmp_path, secrets.token_bytes(4 * PART))
    store = S3Store(bucket=server.bucket, region=server.region, endpoint=server.endpoint)
    with FaultyProxy(server.endpoint, bytes_per_second=40 * MIB) as proxy:
        process = put_elsewhere("s3", proxy.endpoint, name, path)
        while proxy.sent < 2 * PART:
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL

    with pytest.raises(ObjectMissing):
        store.size(name)
    assert name not in listed(store)
    assert store.sweep(before=datetime.now(UTC) - SOON) == 0
    assert store.sweep(before=datetime.now(UTC) + SOON) == 1
    store.put(name, path, content_type=WEBM)
    assert stored_bytes(store, name) == path.read_bytes()
    store.delete([name])


@pytest.mark.parametrize(("size", "broken_after"), [(PART, PART // 2), (4 * PART, 2 * PART), (4 * PART, 4 * PART)])
def test_the_connection_breaks_while_it_uploads(
    s3_settings: S3Server, tmp_path: Path, size: int, broken_after: int
) -> None:
    name, path = key(), staged(tmp_path, secrets.token_bytes(size))
    with FaultyProxy(s3_settings.endpoint, break_after=broken_after) as proxy:
        store = s3_at(s3_settings, proxy.endpoint)
        with pytest.raises(StorageUnavailable):
            store.put(name, path, content_type=WEBM)
        proxy.heal()
        with pytest.raises(ObjectMissing):
            store.size(name)
        assert listed(store) == []
        store.put(name, path, content_type=WEBM)
        assert stored_bytes(store, name) == path.read_bytes()


@pytest.mark.parametrize("size", [PART, 4 * PART])
def test_the_file_fails_while_it_uploads(s3_settings: S3Server, tmp_path: Path, size: int) -> None:
    """A file cut short under the upload fails to read, as one on a dying disk does."""
    name, path = key(), staged(tmp_path, secrets.token_bytes(size))

    def shorten(sent: int) -> None:
        if sent > size // 4:
            os.truncate(path, size // 2)

    with FaultyProxy(s3_settings.endpoint, on_bytes=shorten, bytes_per_second=40 * MIB) as proxy:
        store = s3_at(s3_settings, proxy.endpoint, read_timeout=5)
        with pytest.raises(StorageUnavailable):
            store.put(name, path, content_type=WEBM)
        with pytest.raises(ObjectMissing):
            store.size(name)
        assert listed(store) == []
        assert store.sweep(before=datetime.now(UTC) + SOON) == 0


def test_the_answer_to_an_upload_is_lost(s3_settings: S3Server, tmp_path: Path) -> None:
    """The object is there, nobody knows: putting again finds out, and finds the same bytes."""
    name, path = key(), staged(tmp_path, secrets.token_bytes(1000))
    store = s3_at(s3_settings, s3_settings.endpoint)
    hidden: list[bool] = []

    def lose(**_: Any) -> None:
        hidden.append(True)
        raise ConnectionResetError("lost")

    store._client.meta.events.register_first("needs-retry.s3.PutObject", lose)
    with pytest.raises(StorageUnavailable, match="lost"):
        store.put(name, path, content_type=WEBM)
    assert hidden
    store.put(name, path, content_type=WEBM)
    assert stored_bytes(store, name) == path.read_bytes()


def test_the_type_is_ours_and_nothing_is_public(s3: S3Store, s3_settings: S3Server, tmp_path: Path) -> None:
    for data in (b"<script>", secrets.token_bytes(PART + 1)):
        name = key("cast.gz")
        s3.put(name, staged(tmp_path, data), content_type="application/x-asciicast")
        found = s3_settings.client().head_object(Bucket=s3_settings.bucket, Key=s3._name(name))
        assert found["ContentType"] == "application/x-asciicast"
        assert "ContentEncoding" not in found
        assert found["CacheControl"] == "private"
        plain = f"{s3_settings.endpoint}/{s3_settings.bucket}/{s3._name(name)}"
        assert httpx.get(plain).status_code == 403


def test_a_signed_url_serves_what_and_how_we_say(s3: S3Store, tmp_path: Path) -> None:
    data, name = secrets.token_bytes(1000), key()
    s3.put(name, staged(tmp_path, data), content_type=WEBM)
    disposition = "attachment; filename=\"a_b.webm\"; filename*=UTF-8''a%20%F0%9F%8E%A5.webm"
    url = s3.signed_url(name, expires=SOON, content_type=WEBM, disposition=disposition)
    assert url is not None

    whole = httpx.get(url)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["Content-Type"] == WEBM
    assert whole.headers["Content-Disposition"] == disposition
    part = httpx.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert "X-Amz-Expires=60" in url
    assert "AWS4-HMAC-SHA256" in url
    assert httpx.get(url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")).status_code == 403


@pytest.mark.parametrize("expires", [timedelta(0), timedelta(minutes=5, seconds=1), timedelta(days=1)])
def test_no_signed_url_lives_long(s3: S3Store, expires: timedelta) -> None:
    with pytest.raises(ValueError, match="at most 0:05:00"):
        s3.signed_url(key(), expires=expires, content_type=WEBM, disposition="inline")


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_addresses_at_amazon_are_those_the_page_policy_allows(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    name = key()
    store = S3Store(bucket="some-bucket", region=region, prefix="/recordings/")
    url = store.signed_url(name, expires=SOON, content_type=WEBM, disposition="inline")
    assert str(url).startswith(f"https://some-bucket.s3.{region}.amazonaws.com/recordings/{name}?")


@pytest.mark.parametrize("versions", [1, 3])
def test_every_version_is_deleted(s3: S3Store, s3_settings: S3Server, tmp_path: Path, versions: int) -> None:
    client = s3_settings.client()
    bucket = f"versioned-{secrets.token_hex(4)}"
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    store = S3Store(bucket=bucket, region=s3_settings.region, endpoint=s3_settings.endpoint)
    recording = uuid.uuid4()
    name, kept = new_key(recording, "webm"), new_key(recording, "jpg")
    store.put(kept, staged(tmp_path, b"kept"), content_type=WEBM)
    store.put(name, staged(tmp_path, b"1"), content_type=WEBM)
    for number in range(1, versions):
        client.put_object(Bucket=bucket, Key=name, Body=bytes(number))
        client.delete_object(Bucket=bucket, Key=name)

    store.delete([name])

    left = client.list_object_versions(Bucket=bucket)
    assert [entry["Key"] for entry in left["Versions"]] == [kept]
    assert "DeleteMarkers" not in left


def test_more_are_deleted_than_one_request_can_name(
    s3: S3Store, s3_settings: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordings.storage.s3._DELETE_BATCH", 7)
    names = put_directly(s3_settings, s3, 30)
    s3.delete(names[:-1])
    assert listed(s3) == names[-1:]


def test_confirming_that_many_are_gone_asks_for_few(s3: S3Store, s3_settings: S3Server) -> None:
    names = put_directly(s3_settings, s3, 40)
    asked: list[str] = []
    s3._client.meta.events.register("before-call.s3", lambda model, **_: asked.append(model.name), "test")
    try:
        s3.delete(names)
    finally:
        s3._client.meta.events.unregister("before-call.s3", unique_id="test")
    assert asked.count("DeleteObjects") == 1
    assert len(asked) < 20
    assert listed(s3) == []


def test_a_store_that_only_says_so_is_found_out(
    s3: S3Store, s3_settings: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = put_directly(s3_settings, s3, 20)

    def lie(Delete: Any, **_: Any) -> dict[str, Any]:  # noqa: N803  (boto3's name)
        return {"Deleted": Delete["Objects"]}

    with monkeypatch.context() as lying:
        lying.setattr(s3._client, "delete_objects", lie)
        with pytest.raises(DeletionIncomplete) as failure:
            s3.delete(names)
    assert set(failure.value.remaining) == set(names)
    s3.delete(names)


@pytest.mark.parametrize("answers", [True, False])
def test_what_a_store_does_not_confirm_is_looked_for(
    s3: S3Store, s3_settings: S3Server, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    names = put_directly(s3_settings, s3, 20)
    spared, delete = s3._name(names[-1]), s3._client.delete_objects

    def forgetful(Delete: Any, **others: Any) -> dict[str, Any]:  # noqa: N803
        some = [entry for entry in Delete["Objects"] if entry["Key"] != spared]
        reply: dict[str, Any] = delete(Delete={"Objects": some}, **others)
        return reply if answers else {}

    with monkeypatch.context() as silent:
        silent.setattr(s3._client, "delete_objects", forgetful)
        with pytest.raises(DeletionIncomplete) as failure:
            s3.delete(names)
    assert failure.value.remaining == {names[-1]: "the store did not confirm it"}
    s3.delete(names)


def test_a_bucket_that_is_not_there_is_not_an_empty_one(s3_settings: S3Server, tmp_path: Path) -> None:
    store = S3Store(bucket="no-such-bucket", region=s3_settings.region, endpoint=s3_settings.endpoint)
    for use in (
        lambda: store.size(key()),
        lambda: store.open_range(key(), 0, 1),
        lambda: store.delete([key()]),
        lambda: list(store.keys()),
    ):
        with pytest.raises(StorageUnavailable):
            use()
    [problem] = store.check()
    assert "'no-such-bucket'" in problem
    assert "SORTIE_RECORDING_S3_BUCKET" in problem


def test_wrong_credentials_are_told_and_lose_nothing(
    s3_settings: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    store = s3_at(s3_settings, s3_settings.endpoint)
    with pytest.raises(StorageUnavailable):
        store.put(key(), staged(tmp_path, b"x"), content_type=WEBM)
    assert len(store.check()) == 1


def test_no_server_is_a_passing_fault(s3_settings: S3Server, tmp_path: Path) -> None:
    [port] = free_ports(1)
    store = s3_at(s3_settings, f"http://127.0.0.1:{port}", attempts=1)
    path = staged(tmp_path, b"x")
    for use in (
        lambda: store.put(key(), path, content_type=WEBM),
        lambda: store.size(key()),
        lambda: store.open_range(key(), 0, 1),
        lambda: store.delete([key()]),
        lambda: store.sweep(before=datetime.now(UTC)),
        lambda: list(store.keys()),
    ):
        with pytest.raises(StorageUnavailable):
            use()
    assert len(store.check()) == 1


def test_the_server_goes_away_while_it_is_read(s3_settings: S3Server, tmp_path: Path) -> None:
    with FaultyProxy(s3_settings.endpoint) as proxy:
        store, name = s3_at(s3_settings, proxy.endpoint), key()
        store.put(name, staged(tmp_path, bytes(64 * MIB)), content_type=WEBM)
        reader = store.open_range(name, 0, 64 * MIB)
        assert reader.read(1000) == bytes(1000)
        proxy._hang_up()
        with pytest.raises(StorageUnavailable):
            list(reader)
        reader.close()


def test_of_many_uploads_in_parts_the_first_to_end_wins(s3_settings: S3Server, tmp_path: Path) -> None:
    """They end one by one: SeaweedFS checks the condition well before it acts on it, unlike for small objects."""
    store, name, size = s3_at(s3_settings, s3_settings.endpoint), key(), PART + 50_000
    files = [staged(tmp_path, bytes([number]) * size) for number in range(4)]
    all_uploaded, turn = threading.Barrier(len(files)), threading.Lock()

    def take_turn(**_: Any) -> None:
        all_uploaded.wait(60)
        turn.acquire()

    store._client.meta.events.register("before-call.s3.CompleteMultipartUpload", take_turn)
    store._client.meta.events.register("after-call.s3.CompleteMultipartUpload", lambda **_: turn.release())
    with ThreadPoolExecutor(len(files)) as pool:
        won = list(pool.map(lambda path: put_wins(store, name, path), files))
    assert won.count(True) == 1
    assert stored_bytes(store, name) == bytes([won.index(True)]) * size
    assert store.sweep(before=datetime.now(UTC) + SOON) == 0


def test_an_object_replaced_behind_our_back_is_noticed(s3_settings: S3Server, tmp_path: Path) -> None:
    store, name = s3_at(s3_settings, s3_settings.endpoint), key()

    def replace(**_: Any) -> None:
        s3_settings.client().put_object(Bucket=s3_settings.bucket, Key=store._name(name), Body=b"x" * 1000)

    store._client.meta.events.register("after-call.s3.PutObject", replace)
    with pytest.raises(AlreadyStored):
        store.put(name, staged(tmp_path, b"y" * 1000), content_type=WEBM)


def test_without_conditional_writes_it_still_looks_first(
    s3_settings: S3Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Some compatible servers answer 501 to If-None-Match; ours does not, so the refusal is made here."""
    store = s3_at(s3_settings, s3_settings.endpoint)
    store._client.meta.events.register("before-send.s3", _refuse_conditions)
    for size in (1000, PART + 1000):
        name, data = key(), secrets.token_bytes(size)
        store.put(name, staged(tmp_path, data), content_type=WEBM)
        assert stored_bytes(store, name) == data
        with pytest.raises(AlreadyStored):
            store.put(name, staged(tmp_path, data[::-1]), content_type=WEBM)
    assert caplog.text.count("knows no conditional writes") == 1


def _refuse_conditions(request: Any, **_: Any) -> Any:
    from botocore.awsrequest import AWSResponse

    if "If-None-Match" not in request.headers:
        return None
    body = b"<Error><Code>NotImplemented</Code><Message>no such header</Message></Error>"

    class Raw:
        def stream(self, **_: Any) -> Iterator[bytes]:
            yield body

    return AWSResponse(request.url, 501, {"Content-Length": str(len(body))}, Raw())


def test_a_shorter_object_than_was_sent_is_removed(s3_settings: S3Server, tmp_path: Path) -> None:
    """A store that acknowledges and keeps less: none does so on request, so its listing is made to lie."""
    store, name = s3_at(s3_settings, s3_settings.endpoint), key()

    def lie(parsed: dict[str, Any], **_: Any) -> None:
        if "ContentLength" in parsed:
            parsed["ContentLength"] -= 1

    store._client.meta.events.register("after-call.s3.HeadObject", lie)
    with pytest.raises(StorageUnavailable, match="kept 999 of 1000 bytes"):
        store.put(name, staged(tmp_path, bytes(1000)), content_type=WEBM)
    store._client.meta.events.unregister("after-call.s3.HeadObject", lie)
    assert listed(store) == []
