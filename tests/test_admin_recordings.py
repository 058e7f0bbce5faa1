"""Recordings in the admin: the list, what can be done from it, and the page of one."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from recordings import library, retention
from recordings.audit import SORTIE, Actor
from recordings.models import Action, AuditEvent, Job, Recording, Status, User
from recordings.templatetags.sortie import clock, megabytes
from tests.making import deleted, events, ready, session_of, started

LIST = "/admin/recordings/recording/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ada: User) -> Client:
    client = Client(REMOTE_ADDR="10.1.2.3")
    client.force_login(ada)
    return client


def change(recording: Recording) -> str:
    return f"{LIST}{recording.pk}/change/"


def listed(client: Client, query: str = "") -> set[Any]:
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code == 200, answer.headers
    return {recording.pk for recording in answer.context["cl"].result_list}


def do(client: Client, act: str, *recordings: Recording, **more: str) -> Any:
    picked = [str(recording.pk) for recording in recordings]
    return client.post(f"{LIST}do/{act}/", {"_selected_action": picked, **more}, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def update(recording: Recording, **facts: Any) -> Recording:
    Recording.objects.filter(pk=recording.pk).update(**facts)
    recording.refresh_from_db()
    return recording


def fail(recording: Recording) -> Recording:
    return update(recording, status=Status.FAILED, error="Nothing arrived.")


# --- The list -------------------------------------------------------------------------------------------------


def test_a_row_says_what_matters(client: Client, alice: User) -> None:
    recording = ready(alice, title="Staging shell", incomplete=True, on_hold=True)
    text = client.get(LIST).content.decode()
    facts = (
        str(recording.pk)[:8],
        "firefox",
        "alice",
        clock(recording.duration_ms),
        megabytes(recording.size_bytes),
    )
    for expected in (*facts, "Staging shell", "Incomplete", "On hold"):
        assert expected in text, expected
    assert "Deleted</span>" not in text
    retention.release(recording, SORTIE)
    retention.delete(recording, SORTIE)
    assert "Deleted</span>" in client.get(f"{LIST}?deleted=yes").content.decode()


def test_titles_are_text(client: Client, alice: User) -> None:
    recording = update(started(alice), title="<script>alert(1)</script>", hold_reason="<b>x", on_hold=True)
    for address in (LIST, change(recording)):
        text = client.get(address).content.decode()
        assert "<script>alert" not in text
        assert "<b>x" not in text


def test_filters(client: Client, alice: User, bob: User) -> None:
    running, failed, gone = started(alice), fail(started(alice)), deleted(alice)
    partial = update(started(bob), incomplete=True, created_at=timezone.now() - timedelta(days=40))
    held = update(started(bob, kind="terminal"), on_hold=True, storage_backend="s3")  # type: ignore[arg-type]
    everything = {running.pk, failed.pk, partial.pk, held.pk}
    for query, expected in {
        "": everything,
        "?status=failed": {failed.pk},
        "?status=recording": {running.pk, partial.pk, held.pk},
        "?status=ready": set(),
        "?kind__exact=terminal": {held.pk},
        "?incomplete=yes": {partial.pk},
        "?incomplete=no": everything - {partial.pk},
        "?held=yes": {held.pk},
        "?deleted=yes": {gone.pk},
        "?user=bob": {partial.pk, held.pk},
        "?user=bob&held=yes": {held.pk},
        "?user=nobody": set(),
        f"?session={failed.session_id}": {failed.pk},
        f"?since={timezone.now():%Y-%m-%d}": everything - {partial.pk},
        f"?until={timezone.now() - timedelta(days=30):%Y-%m-%d}": {partial.pk},
        "?storage=s3": {held.pk},
        "?storage=local": set(),
    }.items():
        assert listed(client, query) == expected, query


def test_a_filter_keeps_the_others_and_can_be_taken_off(client: Client, alice: User) -> None:
    started(alice)
    text = client.get(f"{LIST}?user=alice&status=recording&q=firefox").content.decode()
    assert 'href="?q=firefox&amp;status=recording" aria-label="Remove filter user: alice"' in text
    assert '<input type="hidden" name="user" value="alice">' in text


@pytest.mark.parametrize(
    "query", ["?since=yesterday", "?session=7", "?p=nonsense", "?owner__password__startswith=a"]
)
def test_a_query_that_means_nothing(client: Client, alice: User, query: str) -> None:
    started(alice)
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code in (302, 400)


def test_search(client: Client, alice: User, bob: User) -> None:
    first = library.edit(started(alice), SORTIE, title="Rotate certificates", tags=["prod"])
    second = update(started(bob, session_of(bob, title="Decade review")), title="Other")
    for query, expected in {
        str(first.pk): {first.pk},
        str(first.pk)[:8]: {first.pk},
        str(first.pk).replace("-", "")[:12].upper(): {first.pk},
        "certificates": {first.pk},
        "CERTIFICATES rotate": {first.pk},
        "certificates other": set(),
        "decade": {second.pk},
        "bob": {second.pk},
        "bob decade": {second.pk},
        "alice decade": set(),
        "Prod": {first.pk},
        "firefox": {first.pk, second.pk},
        "deadbeef": set(),
        "   ": {first.pk, second.pk},
        "%": set(),
    }.items():
        assert listed(client, f"?q={query.replace('%', '%25')}") == expected, query


# --- What can be done -----------------------------------------------------------------------------------------


def test_deleting_asks_first_and_can_be_undone(client: Client, alice: User) -> None:
    one, two = started(alice), started(alice)
    asked = do(client, "delete", one, two)
    assert "Delete 2 recordings?" in asked.content.decode()
    assert "Can be restored until" in asked.content.decode()
    assert events(one) == ["start"]
    done = do(client, "delete", one, two, confirmed="yes")
    assert said(done) == ["2 recordings were deleted. They can be restored for 24 hours."]
    assert listed(client) == set()
    last = AuditEvent.objects.filter(recording_id=one.pk).order_by("-at").first()
    assert last is not None
    assert (last.action, last.actor_name, last.address) == (Action.DELETE, "ada", "10.1.2.3")
    assert said(do(client, "restore", one)) == [f"“{one}” is back."]
    assert listed(client) == {one.pk}
    assert events(one) == ["start", "delete", "restore"]


def test_what_is_on_hold_is_not_deleted_and_the_page_says_why(client: Client, alice: User) -> None:
    free, held = started(alice), update(started(alice), on_hold=True, hold_reason="Case 7")
    assert "On hold: stays" in do(client, "delete", free, held).content.decode()
    messages = said(do(client, "delete", free, held, confirmed="yes"))
    assert any("on hold: Case 7" in message for message in messages)
    assert listed(client) == {held.pk}
    assert "delete" not in events(held)


def test_a_hold_needs_a_reason_and_can_be_released(client: Client, alice: User) -> None:
    recording = started(alice)
    assert "Reason" in do(client, "hold", recording).content.decode()
    assert "Type a reason" in do(client, "hold", recording, confirmed="yes", reason=" ").content.decode()
    do(client, "hold", recording, confirmed="yes", reason="Case 7")
    recording.refresh_from_db()
    assert (recording.on_hold, recording.hold_reason) == (True, "Case 7")
    assert said(do(client, "release", recording)) == [f"“{recording}” is no longer on hold."]
    assert said(do(client, "release", recording)) == [f"“{recording}”: It is not on hold."]
    assert events(recording) == ["start", "hold", "release"]


def test_what_cannot_be_restored_or_run_again_says_so(client: Client, alice: User) -> None:
    recording = fail(started(alice))
    assert "It is not deleted" in said(do(client, "restore", recording))[0]
    assert "No bytes of this recording are kept" in said(do(client, "reprocess", recording))[0]
    over = deleted(alice, purge_after=timezone.now() - timedelta(seconds=1))
    assert "time to restore it is over" in said(do(client, "restore", over))[0]
    assert "time to restore it is over" in said(do(client, "hold", over, reason="x", confirmed="y"))[0]


def test_reprocessing_a_failed_recording_whose_bytes_are_kept(client: Client, alice: User) -> None:
    recording = fail(started(alice))
    recording.uploads.create(room=0, length=1, sealed_at=timezone.now())
    assert "Reprocess" in client.get(change(recording)).content.decode()
    assert said(do(client, "reprocess", recording)) == [f"“{recording}” is being put away again."]
    recording.refresh_from_db()
    assert recording.status == Status.UPLOADING
    assert Job.objects.filter(recording=recording).exists()


def test_acts_that_are_none(client: Client, alice: User) -> None:
    recording = started(alice)
    assert client.get(f"{LIST}do/delete/").status_code == 405
    assert do(client, "explode", recording).status_code == 404
    assert said(do(client, "delete")) == ["Nothing was chosen, so nothing was changed."]
    assert said(do(client, "delete", confirmed="yes", _selected_action="no-id")) == [
        "Nothing was chosen, so nothing was changed."
    ]


def test_an_act_leads_back_but_never_away(client: Client, alice: User) -> None:
    recording = update(started(alice), on_hold=True)
    back = f"{LIST}?held=yes"
    picked = {"_selected_action": str(recording.pk)}
    assert client.post(f"{LIST}do/release/", {**picked, "next": back})["Location"] == back
    assert client.post(f"{LIST}do/release/", {**picked, "next": "https://evil.example"})["Location"] == LIST


def test_stock_deletion_hides_and_spares_what_is_held(client: Client, alice: User, ada: User) -> None:
    free, held = started(alice), update(started(alice), on_hold=True)
    assert "Delete “" in client.get(f"{LIST}{free.pk}/delete/").content.decode()
    client.post(f"{LIST}{free.pk}/delete/", {"confirmed": "yes"})
    client.post(f"{LIST}{held.pk}/delete/", {"confirmed": "yes"})
    assert listed(client) == {held.pk}

    again = started(alice)
    request = RequestFactory().post("/")
    request.user = ada
    stock = admin.site.get_model_admin(Recording)
    request._messages = _Messages()  # type: ignore[attr-defined]
    stock.delete_queryset(request, Recording.objects.filter(pk__in=[again.pk, held.pk]))
    stock.delete_model(request, held)
    assert events(again) == ["start", "delete"]
    assert Recording.objects.filter(deleted_at=None).get() == held
    assert len(request._messages.added) == 2  # type: ignore[attr-defined]


class _Messages:
    """Stands in for a request's messages where no middleware has run."""

    def __init__(self) -> None:
        self.added: list[str] = []

    def add(self, level: int, message: str, extra_tags: str = "") -> None:
        self.added.append(message)


# --- The page of one ------------------------------------------------------------------------------------------


def test_the_page_shows_facts_media_and_activity(client: Client, alice: User) -> None:
    recording = ready(alice, title="Staging shell")
    text = client.get(change(recording)).content.decode()
    media, download = f"/recordings/{recording.pk}/media", f"/api/recordings/{recording.pk}/download"
    for expected in (
        media,
        download,
        recording.sha256,
        recording.storage_key,
        "For ever",
        "alice</strong> uploaded",
    ):
        assert expected in text, expected
    assert 'preload="none"' in text
    assert events(recording) == ["start", "upload"], "looking at the page is not watching"


def test_the_page_of_one_without_bytes_or_with_work_that_is_stuck(client: Client, alice: User) -> None:
    recording = fail(started(alice))
    recording.jobs.create(kind="finish", attempts=3, error="The store does not answer.")
    text = client.get(change(recording)).content.decode()
    assert "<video" not in text
    assert "/download" not in text
    assert "Nothing arrived." in text
    assert "The store does not answer." in text


def test_download_is_hidden_while_the_api_is_off(client: Client, alice: User, settings: Settings) -> None:
    recording = ready(alice)
    settings.ROOT_URLCONF = "tests.urls_without_library"
    text = client.get(change(recording)).content.decode()
    assert "/download" not in text
    assert f"/recordings/{recording.pk}/media" in text


def test_title_notes_and_tags_are_edited_and_nothing_else(client: Client, alice: User) -> None:
    recording = library.edit(ready(alice), SORTIE, tags=["old"])
    assert 'value="old"' in client.get(change(recording)).content.decode()
    given = {
        "title": " Staging\u202e shell ",
        "notes": "Two\nlines",
        "tags": "prod, billing,, prod",
        "sha256": "f" * 64,
    }
    answer = client.post(change(recording), {**given, "status": "failed", "owner": "x"}, follow=True)
    assert said(answer) == ["Saved."]
    changed = Recording.objects.get(pk=recording.pk)
    assert (changed.title, changed.status, changed.sha256) == ("Staging shell", Status.READY, recording.sha256)
    assert changed.notes.splitlines() == ["Two", "lines"]
    assert [tag.name for tag in changed.tags.all()] == ["billing", "prod"]
    event = AuditEvent.objects.filter(action=Action.EDIT).latest("at")
    assert (event.actor_name, sorted(event.detail["fields"])) == ("ada", ["notes", "tags", "title"])


def test_saving_what_was_not_changed_writes_nothing(client: Client, alice: User) -> None:
    recording = library.edit(started(alice), SORTIE, title="Same", tags=["a", "b"])
    before = events(recording)
    client.post(change(recording), {"title": "Same", "notes": "", "tags": "a, b"})
    assert events(recording) == before


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", "x" * 201),
        ("notes", "x" * 10_001),
        ("tags", ",".join(f"t{number}" for number in range(21))),
        ("tags", "x" * 51),
        ("title", "a\0b"),
    ],
)
def test_what_is_too_long_or_no_text_is_refused(client: Client, alice: User, field: str, text: str) -> None:
    recording = started(alice)
    answer = client.post(change(recording), {"title": "", "notes": "", "tags": "", field: text})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert events(recording) == ["start"]


def test_a_deleted_recording_is_read_and_not_edited(client: Client, alice: User) -> None:
    recording = deleted(alice)
    text = client.get(change(recording)).content.decode()
    assert "Restore" in text
    assert "can be restored until" in text
    assert "_save" not in text
    assert client.post(change(recording), {"title": "x"}).status_code == 403


def test_the_owner_of_a_row_sees_what_the_admin_did(client: Client, alice: User) -> None:
    recording = started(alice)
    do(client, "hold", recording, reason="Case 7", confirmed="yes")
    with pytest.raises(retention.OnHold, match="Case 7"):
        retention.delete(recording, Actor(alice))
