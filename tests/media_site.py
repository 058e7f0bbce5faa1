"""A Django site that serves one stored file, for testing playback behind the real server.

The environment says which: MEDIA_FILE, a file in SORTIE_RECORDING_STORAGE_PATH with the form of a key.
"""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponseBase
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from recordings.playback import media_response  # noqa: E402
from tests.playables import StoredRecording  # noqa: E402


def media(request: HttpRequest) -> HttpResponseBase:
    key = os.environ["MEDIA_FILE"]
    size = int(os.environ["MEDIA_SIZE"])
    recording = StoredRecording(storage_key=key, stored_size=size, size_bytes=size)
    return media_response(request, recording, attachment=True, original="original" in request.GET)


urlpatterns = [path("media", media)]
settings.ROOT_URLCONF = __name__
settings.SORTIE_RECORDING_STORAGE_PATH = Path(os.environ["SORTIE_RECORDING_STORAGE_PATH"])
application = get_wsgi_application()
