"""Static files under names that change with their content, so that browsers may keep them for ever."""

from typing import Any

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Also in the imports of ES modules: by plain names they would be fetched twice, and kept when they are old."""

    support_js_module_import_aggregation = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """A page has dozens of them, and they are the same for as long as the process lives."""
        if settings.DEBUG and not force:
            return str(super().url(name))
        if name not in self._addresses:
            self._addresses[name] = super().url(name, force)
        return self._addresses[name]
