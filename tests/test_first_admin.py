"""The first admin: made once, and only where nobody is."""

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from pytest_django import Settings

from recordings import first_admin
from recordings.models import User

pytestmark = pytest.mark.django_db


def command() -> str:
    said = StringIO()
    call_command("create_first_admin", stdout=said)
    return said.getvalue()


def test_a_password_is_generated_and_shown_once() -> None:
    said = command()
    password = said.split()[-1]
    assert said == f"The admin admin was made. Password, shown only now: {password}\n"
    admin = authenticate(username="admin", password=password)
    assert isinstance(admin, User)
    assert admin.is_staff
    assert admin.is_superuser
    assert command() == "There are users already; nothing was done.\n"


def test_generated_passwords_differ_and_are_long() -> None:
    made = set()
    for _ in range(20):
        made.add(first_admin.create("admin"))
        User.objects.all().delete()
    assert len(made) == 20
    assert all(password and len(password.replace("-", "")) == 16 for password in made)


def test_a_given_password_is_not_shown(settings: Settings) -> None:
    settings.SORTIE_ADMIN_USERNAME, settings.SORTIE_ADMIN_PASSWORD = "grace", "$unny nanoseconds"
    assert command() == "The admin grace was made, with the password in SORTIE_ADMIN_PASSWORD.\n"
    assert authenticate(username="grace", password="$unny nanoseconds")


@pytest.mark.parametrize(
    ("name", "password"), [("admin", "12345678901"), ("", "a long one"), ("a b", "a long one")]
)
def test_what_cannot_be_used_is_said_and_nobody_is_made(settings: Settings, name: str, password: str) -> None:
    settings.SORTIE_ADMIN_USERNAME, settings.SORTIE_ADMIN_PASSWORD = name, password
    with pytest.raises(CommandError, match="SORTIE_ADMIN_USERNAME or SORTIE_ADMIN_PASSWORD cannot be used"):
        command()
    assert not User.objects.exists()


def test_any_user_is_somebody(alice: User) -> None:
    assert first_admin.create("admin") is None
    assert first_admin.known() == ""
    assert list(User.objects.all()) == [alice]


def test_the_admin_that_is_named_is_one_who_can_sign_in(ada: User) -> None:
    first_admin_who_left = User.objects.create_superuser("left", date_joined=ada.date_joined.replace(year=2001))
    assert first_admin.known() == "left"
    User.objects.filter(pk=first_admin_who_left.pk).update(is_active=False)
    assert first_admin.known() == "ada"
