"""What belongs to others is never seen or touched: not in lists, counts and searches, nor by ids in bodies."""

from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser

from recordings import library
from recordings.models import Marker, Recording, Session, Status, Tag, User
from recordings.permissions import Can, can
from tests.making import (
    api,
    browser,
    deleted,
    events,
    field,
    file,
    form,
    post,
    post_form,
    session_of,
    staged,
    started,
    upload,
    webm,
)

pytestmark = pytest.mark.django_db

SECRET = "zebra"


@pytest.fixture
def bobs(bob: User) -> Recording:
    """A recording of bob's with a word in every text that is searched."""
    recording = started(bob, session_of(bob, title=f"{SECRET} session"))
    Recording.objects.filter(pk=recording.pk).update(title=f"{SECRET} title", notes=f"{SECRET} notes")
    Tag.objects.create(recording=recording, name=SECRET)
    Marker.objects.create(recording=recording, at_ms=1, label=SECRET)
    deleted(bob, title=f"{SECRET} deleted")
    recording.refresh_from_db()
    return recording


def test_policy_and_lists_agree_for_everybody_and_everything(alice: User, bob: User, ada: User) -> None:
    people = [
        alice,
        bob,
        ada,
        User.objects.create(username="sam", is_staff=True),
        User.objects.create(username="root", is_superuser=True),
        User.objects.create(username="ivan", is_active=False),
        User.objects.create(username="ines", is_active=False, is_staff=True, is_superuser=True),
    ]
    for owner, status, gone in product(people, Status, (False, True)):
        recording = deleted(owner) if gone else started(owner)
        facts = {"completed_at": recording.created_at, "storage_key": "k", "sha256": "s", "size_bytes": 1}
        Recording.objects.filter(pk=recording.pk).update(status=status, **facts)
    viewers: list[User | AnonymousUser] = [*people, AnonymousUser()]
    for viewer in viewers:
        recordings = set(Recording.objects.visible_to(viewer))
        sessions = set(Session.objects.visible_to(viewer))
        for recording in Recording.objects.select_related("owner", "session"):
            assert (recording in recordings) == (can(viewer, Can.VIEW, recording) and not recording.deleted_at)
            assert (recording.session in sessions) == can(viewer, Can.VIEW, recording.session)
            allowed = {action for action in Can if can(viewer, action, recording)} - {Can.MANAGE_USERS}
            expected = {Can.VIEW, Can.CAPTURE, Can.DOWNLOAD, Can.EDIT, Can.SHARE, Can.DELETE, Can.RESTORE, Can.STOP}
            if not viewer.is_active or (viewer != recording.owner and not viewer.is_staff):
                expected = set()
            assert allowed - {Can.HOLD} == expected
            assert (Can.HOLD in allowed) == (viewer.is_active and viewer.is_staff)


def test_what_has_no_object_is_for_active_users_or_admins(alice: User, ada: User) -> None:
    inactive = User(username="ines", is_active=False, is_staff=True, is_superuser=True)
    assert {action for action in Can if can(alice, action)} == {Can.CREATE_SESSION, Can.SIGN_OUT}
    assert all(can(ada, action) for action in (Can.ADMINISTER, Can.ACT_FOR_OTHERS, Can.CREATE_SESSION))
    assert not any(can(nobody, action) for nobody in (inactive, AnonymousUser()) for action in Can)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=zebra",
        "q=title",
        "status=recording",
        "kind=video",
        "session={pk}",
        "limit=1",
        "since=2020-01-01",
    ],
)
def test_lists_and_searches_show_only_ones_own(alice: User, bobs: Recording, query: str) -> None:
    mine = started(alice)
    asked = query.format(pk=bobs.session_id)
    answer = api(alice).get(f"/api/recordings?{asked}")
    assert {row["id"] for row in answer.json()} <= {str(mine.pk)}
    assert "Link" not in answer
    assert SECRET not in answer.content.decode()


def test_pages_show_only_ones_own(alice: User, bobs: Recording) -> None:
    client = browser(alice)
    started(alice)
    for address in ("/", "/library/rows", "/deleted", "/record"):
        for query in ("", "?everyone=1", f"?session={bobs.session_id}", f"?everyone=1&q={SECRET[:-1]}"):
            text = client.get(address + query).content.decode()
            assert SECRET not in text
            assert str(bobs.pk) not in text
            assert "bob" not in text


def test_sessions_of_others_are_not_listed(alice: User, bobs: Recording) -> None:
    mine = session_of(alice)
    answer = api(alice).get("/api/sessions")
    assert [row["id"] for row in answer.json()] == [str(mine.pk)]


def test_an_admins_own_list_has_only_their_own_and_everyones_has_all(ada: User, bobs: Recording) -> None:
    client = api(ada)
    mine = started(ada)
    assert [row["id"] for row in client.get("/api/recordings").json()] == [str(mine.pk)]
    everyones = client.get("/api/admin/recordings?q=zebra").json()
    assert [(row["id"], row["username"]) for row in everyones] == [(str(bobs.pk), "bob")]


def test_a_list_cannot_be_made_without_a_viewer(bobs: Recording) -> None:
    assert not library.recordings_of(AnonymousUser(), own=False)
    assert not library.sessions_of(AnonymousUser())
    assert not Recording.objects.restorable_by(AnonymousUser(), bobs.created_at)


# --- ids in bodies --------------------------------------------------------------------------------------------


@pytest.fixture(params=["bobs", "own, other session", "own, deleted", "missing"])
def foreign(request: pytest.FixtureRequest, alice: User, bobs: Recording) -> Recording:
    """A recording that is not one of the session in the address; alice's session is `session`."""
    return {
        "bobs": lambda: bobs,
        "own, other session": lambda: started(alice),
        "own, deleted": lambda: deleted(alice),
        "missing": lambda: Recording(id=uuid4(), owner=alice),
    }[request.param]()


def unchanged(recording: Recording) -> bool:
    now = Recording.objects.filter(pk=recording.pk).first()
    facts = ("status", "deleted_at", "title", "sha256", "completed_at", "lease_until")
    return now is None or all(getattr(now, fact) == getattr(recording, fact) for fact in facts)


def test_stop_and_upload_take_no_recording_of_another_session(alice: User, foreign: Recording) -> None:
    client = api(alice)
    own = foreign.session_id if foreign.deleted_at else None
    session = Session.objects.get(pk=own) if own else session_of(alice)
    before = events(foreign)
    body = {"recording_id": str(foreign.pk)}
    stopped = client.post(f"/api/sessions/{session.pk}/recording/stop", body, format="json")
    sent = upload(client, foreign, session=session.pk)
    address = f"/api/sessions/{session.pk}/recording/upload?recording_id={foreign.pk}"
    bare = post(client, address, webm(), "video/webm")
    for answer in (stopped, sent, bare):
        assert (answer.status_code, answer.json()["detail"]) == (404, "This session has no such recording.")
    assert unchanged(foreign)
    assert events(foreign) == before
    assert staged() == []


def test_an_admins_upload_is_bound_to_the_session_as_well(ada: User, bobs: Recording) -> None:
    assert upload(api(ada), bobs, session=session_of(ada).pk).status_code == 404
    assert unchanged(bobs)


def test_the_last_of_two_recording_ids_counts_for_check_and_upload_alike(alice: User, bobs: Recording) -> None:
    mine = started(alice)
    ids = [field("recording_id", str(recording.pk)) for recording in (mine, bobs)]
    answer = post_form(api(alice), mine.session_id, form(*ids, file(webm())))
    assert answer.status_code == 404
    assert unchanged(bobs)
    assert unchanged(mine)


def test_markers_are_reached_through_their_own_recording(alice: User, bobs: Recording) -> None:
    marker = Marker.objects.get(recording=bobs)
    mine = started(alice)
    for recording in (mine, bobs):
        answer = api(alice).delete(f"/api/recordings/{recording.pk}/markers/{marker.pk}")
        assert answer.status_code == 404
    assert Marker.objects.filter(pk=marker.pk).exists()


@pytest.mark.parametrize("act", ["delete", "restore"])
def test_chosen_rows_of_others_are_left_alone(alice: User, bob: User, bobs: Recording, act: str) -> None:
    gone = Recording.objects.exclude(deleted_at=None).get(owner=bob)
    mine = started(alice)
    ids = [str(bobs.pk), str(gone.pk), "x", str(uuid4())]
    client = browser(alice)
    assert client.post(f"/recordings/{act}", {"id": ids}).status_code == 302
    if act == "delete":
        asked = client.get(f"/recordings/{act}", {"id": [*ids, str(mine.pk)]})
        assert str(mine.pk) in asked.content.decode()
        assert SECRET not in asked.content.decode()
    assert unchanged(bobs)
    assert unchanged(gone)


def test_somebody_elses_session_cannot_be_opened_or_ended(alice: User, bob: User, bobs: Recording) -> None:
    client: Any = api(alice)
    opened = client.post("/api/sessions", {"app_id": "x", "user_id": str(bob.pk)}, format="json")
    assert opened.status_code == 403
    assert client.post(f"/api/sessions/{bobs.session_id}/stop").status_code == 404
    assert Session.objects.get(pk=bobs.session_id).status == "running"
    assert Session.objects.filter(owner=bob).count() == 2
