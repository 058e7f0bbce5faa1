"""Static files under names that change with their content, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Also in the imports of ES modules: by plain names they would be fetched twice, and kept when they are old."""

    support_js_module_import_aggregation = True
