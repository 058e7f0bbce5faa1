"""Changing SECRET_KEY: nobody is signed out and no password is lost, if it is done as OPERATING.md says."""

from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings

from recordings import secrets
from recordings.models import Session, User
from tests.making import browser, session_of

pytestmark = pytest.mark.only("single")

OLD, NEW = "the-old-key-" * 4, "the-new-key-" * 4


@pytest.fixture
def session(alice: User, settings: Settings) -> Session:
    """A desktop with a password that was written with the old key; the new one is in force by now."""
    settings.SECRET_KEY = OLD
    session = session_of(alice)
    Session.objects.filter(pk=session.pk).update(target="127.0.0.1:5900", password=secrets.seal("secret"))
    settings.SECRET_KEY = NEW
    session.refresh_from_db()
    return session


def rotate() -> str:
    said = StringIO()
    call_command("rotate_secret_key", stdout=said, stderr=said)
    return said.getvalue()


def test_passwords_stay_readable_without_the_old_key_once_they_are_written_anew(
    session: Session, settings: Settings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [OLD]
    assert secrets.unseal(session.password) == "secret"
    assert rotate() == "1 passwords encrypted with SECRET_KEY\n"
    settings.SECRET_KEY_FALLBACKS = []
    session.refresh_from_db()
    assert secrets.unseal(session.password) == "secret"
    assert rotate() == "1 passwords encrypted with SECRET_KEY\n"


def test_what_cannot_be_read_is_counted_and_left(session: Session, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = []
    before = session.password
    said = rotate()
    assert "0 passwords encrypted" in said
    assert "1 cannot be read with any key known here" in said
    session.refresh_from_db()
    assert session.password == before


@pytest.mark.parametrize(("fallbacks", "status"), [([OLD], 200), ([], 302)])
def test_who_is_signed_in_stays_so_while_the_old_key_counts(
    alice: User, settings: Settings, fallbacks: list[str], status: int
) -> None:
    settings.SECRET_KEY = OLD
    signed_in = browser(alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, fallbacks
    assert signed_in.get("/").status_code == status
