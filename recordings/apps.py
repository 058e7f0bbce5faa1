"""Django's name for the app, and where its system checks are registered."""

from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "recordings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from recordings import checks  # noqa: F401  (registers them)
