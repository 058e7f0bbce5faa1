"""The form of a recording's page."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from recordings import library
from recordings.models import Recording

if TYPE_CHECKING:
    _RecordingForm = forms.ModelForm[Recording]
else:
    _RecordingForm = forms.ModelForm


class RecordingForm(_RecordingForm):
    """What may be changed: what is written about a recording, never the recording."""

    tags = forms.CharField(
        required=False,
        max_length=library.MOST_TAGS * 52,
        help_text=f"Separated by commas, at most {library.MOST_TAGS}.",
    )

    class Meta:
        model = Recording
        fields = ("title", "notes")
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["tags"] = ", ".join(tag.name for tag in self.instance.tags.all())

    def clean_tags(self) -> list[str]:
        tags = [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]
        if len(tags) > library.MOST_TAGS:
            raise ValidationError(f"A recording has at most {library.MOST_TAGS} tags.")
        if any(len(tag) > 50 for tag in tags):
            raise ValidationError("A tag has at most 50 characters.")
        return tags
