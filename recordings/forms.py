"""What people type into pages."""

from django import forms

from recordings.models import User


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
