"""Large terminal recordings in segments: made with the text, given out one by one, gone with the recording."""

import gzip
import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from recordings import enrich, jobs, retention, segments, tasks
from recordings.media.asciicast import Header
from recordings.media.terminal.made import Nonsense, SegmentMade
from recordings.models import Action, Recording, Segments, User
from recordings.reconcile import SETTLED_AFTER, compare
from recordings.storage import current_store
from tests.casting import made
from tests.guests import enters, guest, shared
from tests.making import browser, events, staged, stored
from tests.terminal.build import version_3

pytestmark = pytest.mark.django_db

THEME = {"fg": "#d0d0d0", "bg": "#121212", "palette": ":".join(["#151515"] * 8)}
TERM = {"cols": 80, "rows": 24, "theme": THEME}
LINES = [[0.01, "o", f"line {n} {'漢字' * 20}{'x' * 900}\r\n"] for n in range(3000)]


@pytest.fixture
def large(alice: User, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Three megabytes, which are called large here."""
    monkeypatch.setattr(segments, "WORTH_IT", 1_000_000)
    return read(alice)


def read(owner: User) -> Recording:
    recording = made(owner, version_3(*LINES, [0.5, "i", "secret"], term=TERM, idle_time_limit=1.5), title="Large")
    jobs.run_due(tasks.HANDLERS)
    return Recording.objects.get(pk=recording.pk)


def index(client: Client, recording: Recording) -> Any:
    return client.get(f"/recordings/{recording.pk}/segments")


def part(client: Client, recording: Recording, number: int, *, of: str, **headers: str) -> Any:
    return client.get(f"/recordings/{recording.pk}/segments/{number}?of={of}", headers=headers)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_they_are_the_whole_recording_in_parts(large: Recording) -> None:
    client = browser(large.owner)
    found = index(client, large).json()
    assert found["theme"] == THEME
    assert found["idle_limit"] == 1.5
    assert len(found["starts"]) >= 3
    events = []
    for number, start in enumerate(found["starts"]):
        content = json.loads(body(part(client, large, number, of=found["version"])))
        assert content["snapshot"]["cols"] == 80
        assert number == 0 or content["events"][0][0] == start
        events += content["events"]
    assert [text for _, code, text in events if code == "o"] == [text for _, _, text in LINES]
    assert not [event for event in events if event[1] == "i"]


def test_they_are_sent_as_they_are_kept_to_whoever_takes_that(large: Recording) -> None:
    client = browser(large.owner)
    version = index(client, large).json()["version"]
    plain = part(client, large, 1, of=version)
    packed = part(client, large, 1, of=version, accept_encoding="br, gzip")
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    data = body(packed)
    assert int(packed["Content-Length"]) == len(data)
    assert gzip.decompress(data) == body(plain)
    assert packed["Vary"] == "Accept-Encoding, Cookie"
    assert packed["Cache-Control"] == "private, no-cache"
    assert packed["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_one_that_breaks_off_takes_the_place_of_none(large: Recording) -> None:
    before = Segments.objects.get().storage_key
    with pytest.raises(Nonsense):
        segments.keep(large, BytesIO(b"on"), [SegmentMade(0, 0, 3)], Header(2, 80, 24))
    assert Segments.objects.get().storage_key == before
    assert staged() == []


def test_the_page_plays_by_them(large: Recording) -> None:
    page = browser(large.owner).get(f"/recordings/{large.pk}").content.decode()
    assert f'segments="/recordings/{large.pk}/segments"' in page


def test_a_small_one_has_none(alice: User) -> None:
    small = read(alice)
    assert not segments.has(small)
    assert index(browser(alice), small).status_code == 404
    assert "segments=" not in browser(alice).get(f"/recordings/{small.pk}").content.decode()


@pytest.mark.parametrize(("number", "of"), [(999, None), (0, "00000000"), (0, "")])
def test_what_there_is_not_is_not_found(large: Recording, number: int, of: str | None) -> None:
    client = browser(large.owner)
    version = index(client, large).json()["version"]
    assert part(client, large, number, of=version if of is None else of).status_code == 404


def test_those_of_what_a_recording_was_before_are_not_used(large: Recording) -> None:
    Recording.objects.filter(pk=large.pk).update(sha256="0" * 64)
    assert index(browser(large.owner), large).status_code == 404
    assert not segments.has(Recording.objects.get(pk=large.pk))


def test_new_ones_take_the_place_of_old_ones(large: Recording) -> None:
    before = set(stored())
    version = index(browser(large.owner), large).json()["version"]
    enrich.order(large)
    jobs.run_due(tasks.HANDLERS)
    assert index(browser(large.owner), large).json()["version"] != version
    assert len(stored()) == len(before)
    assert Segments.objects.count() == 1


def test_watching_by_them_is_noted_once(large: Recording) -> None:
    client = browser(large.owner)
    version = index(client, large).json()["version"]
    for number in (0, 1):
        part(client, large, number, of=version)
    assert events(large).count(Action.VIEW) == 1


def test_a_guest_plays_by_them_until_the_link_is_revoked(large: Recording) -> None:
    path = shared(large)
    client = guest()
    assert client.get(f"{path}/segments").status_code == 403
    assert enters(client, path) == 200
    version = client.get(f"{path}/segments").json()["version"]
    answer = client.get(f"{path}/segments/0?of={version}")
    assert answer["Cache-Control"] == "private, no-store"
    assert b"secret" not in body(answer)
    large.shares.update(revoked_at=timezone.now())
    assert client.get(f"{path}/segments/0?of={version}").status_code == 404


def test_they_go_when_the_recording_goes(large: Recording) -> None:
    now = timezone.now()
    Recording.objects.filter(pk=large.pk).update(deleted_at=now, purge_after=now)
    assert retention.purge(now + timedelta(hours=1)).gone == 1
    assert stored() == []


def test_nobody_takes_them_for_lost(large: Recording) -> None:
    assert not compare(current_store().name, timezone.now() + 2 * SETTLED_AFTER).orphans
