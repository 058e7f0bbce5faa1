"""What people type into pages."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone

from recordings.models import Event, User
from recordings.permissions import Scope


class LoginForm(forms.Form):
    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=1000, strip=False)


class DesktopForm(forms.Form):
    """A container desktop: `target` is its VNC server."""

    title = forms.CharField(max_length=200, error_messages={"required": "Give the desktop a title."})
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True),
        to_field_name="username",
        error_messages={
            "required": "Say whose desktop it is.",
            "invalid_choice": "There is no active user of that name.",
        },
    )
    target = forms.CharField(max_length=255, error_messages={"required": "Say where the VNC server is."})
    password = forms.CharField(max_length=64, required=False, strip=False)


class TokenForm(forms.Form):
    """A token for a program. `lasts` are days; empty for ever."""

    LASTS = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "for ever")]

    name = forms.CharField(max_length=100, error_messages={"required": "Give it a name that says what it is for."})
    scopes = forms.TypedMultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope],
        coerce=Scope,
        error_messages={"required": "Say what the token may be used for."},
    )
    lasts = forms.TypedChoiceField(choices=LASTS, required=False, coerce=int, empty_value=None, initial="90")

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lasts"]
        return None if days is None else timezone.now() + timedelta(days=days)


class TokenForSomebodyForm(TokenForm):
    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True),
        to_field_name="username",
        error_messages={
            "required": "Say whose it is.",
            "invalid_choice": "There is no active user of that name.",
        },
    )


class NewPasswordForm(forms.Form):
    """A new password for `user`, typed twice."""

    new = forms.CharField(max_length=1000, strip=False, error_messages={"required": "Type a new password."})
    again = forms.CharField(max_length=1000, strip=False, required=False)

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        self._user = user

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        validate_password(new, self._user)
        return new

    def clean_again(self) -> None:
        if "new" in self.cleaned_data and self.cleaned_data["again"] != self.cleaned_data["new"]:
            raise forms.ValidationError("This is not what you typed above.")


class PasswordForm(NewPasswordForm):
    """For who knows the present one."""

    present = forms.CharField(
        max_length=1000, strip=False, error_messages={"required": "Type the password you have now."}
    )


class WebhookForm(forms.Form):
    """Where a webhook is, and what it is told."""

    EVENTS = [
        (Event.READY.value, "is ready"),
        (Event.FAILED.value, "has failed"),
        (Event.DELETED.value, "was deleted"),
        (Event.SHARED.value, "was shared"),
    ]

    url = forms.CharField(max_length=500, error_messages={"required": "Type the address to send to."})
    events = forms.TypedMultipleChoiceField(
        choices=EVENTS, coerce=Event, error_messages={"required": "Say what it is told of."}
    )
