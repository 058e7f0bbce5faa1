"""What the pages answer, looked at without a browser; tests/browser looks at them in one."""

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from recordings.models import Recording, Session, Status, User
from recordings.templatetags.sortie import clock, megabytes, moment, seconds
from recordings.views.errors import server_error
from recordings.views.login import _in_words
from tests.api_world import without_database
from tests.casting import made
from tests.terminal.build import cast

STATIC = Path(__file__).parents[1] / "static"
TEMPLATES = Path(__file__).parents[1] / "templates"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings) -> None:
    """Names of files as they are: nothing has collected them here."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def recording_of(owner: User, title: str = "A take", **facts: object) -> Recording:
    session = Session.objects.create(owner=owner, app_id="screen", title=title)
    return Recording.objects.create(owner=owner, session=session, title=title, **facts)


PAGES = ["library", "library_rows", "deleted", "record", "delete_many"]


@pytest.mark.parametrize("name", PAGES)
def test_strangers_are_asked_who_they_are(client: Client, name: str) -> None:
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"].startswith("/login?next=/")


def test_a_list_holds_the_viewers_own_or_for_admins_everyones(alice: User, bob: User, ada: User) -> None:
    recording_of(alice, "Of alice")
    recording_of(bob, "Of bob")
    assert b"Of bob" not in signed_in(alice).get("/?everyone=1").content
    assert b"Of bob" not in signed_in(ada).get("/").content
    everyones = signed_in(ada).get("/?everyone=1").content
    assert b"Of bob" in everyones
    assert b"Of alice" in everyones


def test_a_strange_cursor_leads_to_the_first_page(alice: User) -> None:
    assert signed_in(alice).get("/?cursor=nonsense")["Location"] == "/"
    assert signed_in(alice).get("/library/rows?cursor=nonsense").status_code == 404


def test_filters_that_make_no_sense_are_left_out(alice: User) -> None:
    recording_of(alice, "Still here")
    response = signed_in(alice).get("/?status=broken&kind=opera&since=whenever&session=7")
    assert b"Still here" in response.content


def test_only_ones_own_is_deleted_and_restored(alice: User, bob: User) -> None:
    of_alice, of_bob = recording_of(alice), recording_of(bob)
    client = signed_in(bob)
    ids = [str(of_alice.pk), str(of_bob.pk), "no id"]
    assert str(of_alice.pk) not in client.get("/recordings/delete", {"id": ids}).content.decode()
    client.post("/recordings/delete", {"id": ids})
    of_alice.refresh_from_db()
    of_bob.refresh_from_db()
    assert of_alice.deleted_at is None
    assert of_bob.deleted_at is not None
    signed_in(alice).post("/recordings/restore", {"id": [str(of_bob.pk)]})
    of_bob.refresh_from_db()
    assert of_bob.deleted_at is not None
    client.post("/recordings/restore", {"id": [str(of_bob.pk)]})
    of_bob.refresh_from_db()
    assert of_bob.deleted_at is None


def test_what_is_held_is_not_deleted(alice: User) -> None:
    held = recording_of(alice, "Held", on_hold=True, hold_reason="case 7")
    response = signed_in(alice).post("/recordings/delete", {"id": [str(held.pk)]}, follow=True)
    held.refresh_from_db()
    assert held.deleted_at is None
    assert b"on hold: case 7" in response.content


def test_looking_at_a_question_deletes_nothing(alice: User) -> None:
    kept = recording_of(alice)
    signed_in(alice).get(f"/recordings/delete?id={kept.pk}")
    kept.refresh_from_db()
    assert kept.deleted_at is None


@pytest.mark.parametrize("name", ["player", "media"])
def test_others_recordings_do_not_exist(alice: User, bob: User, name: str) -> None:
    address = reverse(name, args=[recording_of(alice).pk])
    assert signed_in(bob).get(address).status_code == 404


def test_there_is_no_media_of_what_is_not_ready(alice: User) -> None:
    unfinished = recording_of(alice, status=Status.UPLOADING)
    assert signed_in(alice).get(reverse("media", args=[unfinished.pk])).status_code == 404


def test_the_page_of_an_error_needs_nobody_and_no_database(rf: RequestFactory) -> None:
    response = server_error(rf.get("/"))
    assert response.status_code == 500
    assert b"Something failed" in response.content
    assert json.loads(server_error(rf.get("/api/recordings")).content)["status"] == 500


def test_a_page_says_that_the_database_is_away(alice: User) -> None:
    browser = signed_in(alice)
    browser.raise_request_exception = False
    with without_database():
        response = browser.get("/")
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert b"The database cannot be reached." in response.content


def test_a_form_of_another_sign_in_is_refused_in_words(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post("/recordings/delete", {"id": "1"})
    assert response.status_code == 403
    assert b"Reload it and try again." in response.content


def test_titles_are_text_and_nothing_else(alice: User) -> None:
    title = "<script>alert(1)</script>\"' onload=x"
    named = recording_of(alice, title)
    for address in ("/", reverse("player", args=[named.pk]), f"/recordings/delete?id={named.pk}"):
        page = signed_in(alice).get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_only_the_player_lets_style_elements_in(alice: User) -> None:
    client = signed_in(alice)
    player = client.get(reverse("player", args=[recording_of(alice).pk]))["Content-Security-Policy"]
    assert "style-src-elem 'self' 'unsafe-inline'" in player
    for policy in (player, client.get("/")["Content-Security-Policy"]):
        assert "script-src 'self';" in f"{policy};"
        assert "style-src 'self';" in f"{policy};"
    assert "unsafe" not in client.get("/")["Content-Security-Policy"]


def test_only_a_page_that_plays_a_terminal_may_compile_webassembly(alice: User) -> None:
    client = signed_in(alice)
    page = client.get(reverse("player", args=[made(alice, cast()).pk]))
    assert "script-src 'self' 'wasm-unsafe-eval';" in page["Content-Security-Policy"]
    assert "terminal/page.js" in page.content.decode()
    other = client.get(reverse("player", args=[recording_of(alice).pk]))
    assert "wasm" not in other["Content-Security-Policy"]
    assert "terminal/" not in other.content.decode()


def test_no_page_has_an_inline_script_or_style() -> None:
    for template in TEMPLATES.rglob("*.html"):
        if template.is_relative_to(TEMPLATES / "admin"):
            continue
        text = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text), template


def test_every_icon_that_is_used_exists() -> None:
    there = set(re.findall(r'<symbol id="([a-z]+)"', (STATIC / "icons.svg").read_text()))
    texts = [template.read_text() for template in TEMPLATES.rglob("*.html")]
    used = {name for text in texts for name in re.findall(r'{% icon "([a-z]+)"', text)}
    used |= {name for text in texts for name in re.findall(r"icons\.svg' %}#([a-z]+)", text)}
    assert used | {"video", "terminal", "window"} == there


def _imported(module: str) -> set[str]:
    """Every module that `module` imports, by whatever way, itself included."""
    found, waiting = set[str](), {module}
    while waiting:
        name = waiting.pop()
        found.add(name)
        source = (STATIC / name).read_text()
        for target in re.findall(r'^import .*"(\.[^"]+)";$', source, re.MULTILINE):
            path = (STATIC / name).parent.joinpath(target).resolve().relative_to(STATIC)
            waiting |= {str(path)} - found
    return found


@pytest.mark.parametrize("page", ["library/page.html", "record.html", "player/page.html", "sessions/viewer.html"])
def test_a_page_names_every_module_it_needs_and_no_other(page: str) -> None:
    base = re.findall(r'"([a-z_/-]+\.js)"', (TEMPLATES / "base.html").read_text())
    own = re.findall(r'"([a-z_/-]+\.js)"', (TEMPLATES / "recordings" / page).read_text())
    # noVNC's own imports are theirs; it is asked for by name, and the desktop's is a page that waits for it anyway.
    own = [name for name in own if not name.startswith("vendor/")]
    always = _imported("base/main.js") | _imported("capture/leftover.js")
    assert set(base) == always
    # What is imported only for terminals is named only for them.
    terminals = ("terminal/page.js", "terminal/transcript.js")
    more = {name for one in terminals if one in own for name in _imported(one)}
    assert set(base) | set(own) == always | _imported(own[0]) | more


def test_every_template_compiles() -> None:
    for template in TEMPLATES.rglob("*.html"):
        get_template(str(template.relative_to(TEMPLATES)))


@pytest.mark.parametrize(
    ("size", "words"),
    [(None, ""), (0, "0.1 MB"), (104_858, "0.1 MB"), (13_002_342, "12.4 MB"), (104_857_600, "100 MB"),
     (1_293_942_784, "1,234 MB")],
)  # fmt: skip
def test_sizes_are_told_in_mb(size: int | None, words: str) -> None:
    assert megabytes(size) == words


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, ""),
        (0, "0:00"),
        (7_999, "0:07"),
        (192_000, "3:12"),
        (3_729_000, "1:02:09"),
        (360_000_000, "100:00:00"),
    ],
)
def test_durations_are_told_as_clocks_do(milliseconds: int | None, words: str) -> None:
    assert clock(milliseconds) == words


@pytest.mark.parametrize(("milliseconds", "words"), [(0, "0"), (92_000, "92"), (500, "0.5"), (1_050, "1.05")])
def test_moments_are_written_for_addresses(milliseconds: int, words: str) -> None:
    assert seconds(milliseconds) == words


def test_times_name_their_zone_until_a_script_knows_the_readers() -> None:
    at = datetime(2026, 11, 20, 14, 2, 11, tzinfo=timezone(timedelta(hours=2)))
    assert ">20 Nov 2026, 12:02 UTC<" in moment(at)
    assert ">20 Nov 2026, 12:02:11 UTC<" in moment(at, "full")
    assert 'datetime="2026-11-20T12:02:11+00:00"' in moment(at)
    assert moment(None) == ""


@pytest.mark.parametrize(
    ("wait", "words"), [(1, "a minute"), (60, "a minute"), (61, "2 minutes"), (300, "5 minutes")]
)
def test_waits_are_told_in_minutes(wait: int, words: str) -> None:
    assert _in_words(wait) == words
