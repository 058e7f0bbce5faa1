"""The portal's own settings, read from the test environment."""

from tests import environment

environment.prepare()

from sortie.settings import *  # noqa: E402, F403
from sortie.settings import DATABASES, SORTIE_DATA, STATIC_ROOT, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A real file: SQLite in memory shares one cache among threads, and locks otherwise.
    DATABASES["default"]["TEST"] = {"NAME": SORTIE_DATA / "test.sqlite3"}
# Signing somebody in costs a third of a second with the real one.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Pages name their files as they are; nothing has been collected.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir(exist_ok=True)
