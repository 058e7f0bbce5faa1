"""Django's names for the app and its admin, and where system checks and admin pages are registered."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class RecordingsConfig(AppConfig):
    name = "recordings"
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from recordings import checks  # noqa: F401  (registers them)


class AdminConfig(admin_apps.SimpleAdminConfig):
    """Django's admin with Sortie's site, and with no pages but those of recordings.admin."""

    default = False
    default_site = "recordings.admin.site.PortalAdminSite"

    def ready(self) -> None:
        super().ready()
        import recordings.admin  # noqa: F401  (registers them)
