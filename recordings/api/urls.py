"""The routes of the API. What is switched off is not there."""

from django.urls import URLPattern, path

from recordings.api import (
    accounts,
    admin,
    docs,
    exports,
    recordings,
    sessions,
    shares,
    stock,
    terminals,
    transcripts,
    tus,
    uploads,
)

_ALWAYS = [
    path("auth/login", accounts.Login.as_view(), name="login"),
    path("auth/logout", accounts.Logout.as_view(), name="logout"),
    path("sessions", sessions.Sessions.as_view(), name="sessions"),
    path("sessions/<uuid:pk>", sessions.OneSession.as_view(), name="session"),
    path("sessions/<uuid:pk>/stop", sessions.StopSession.as_view(), name="session-stop"),
    path("schema", docs.schema, name="schema"),
    path("docs", docs.docs, name="docs"),
]
_CAPTURE = [
    path("sessions/<uuid:pk>/recording/start", sessions.StartRecording.as_view(), name="recording-start"),
    path("sessions/<uuid:pk>/recording/stop", sessions.StopRecording.as_view(), name="recording-stop"),
    path("sessions/<uuid:pk>/recording/upload", uploads.UploadRecording.as_view(), name="recording-upload"),
]
_LIST = [path("recordings", recordings.Recordings.as_view(), name="recordings")]
_LIST_AND_TERMINALS = [path("recordings", terminals.RecordingsAndTerminals.as_view(), name="recordings")]
_LIBRARY = [
    path("uploads", tus.uploads, name="uploads"),
    path("uploads/<uuid:pk>", tus.upload, name="upload"),
    path("recordings/<uuid:pk>", recordings.OneRecording.as_view(), name="recording"),
    path("recordings/<uuid:pk>/download", recordings.DownloadRecording.as_view(), name="download"),
    path("recordings/<uuid:pk>/restore", recordings.RestoreRecording.as_view(), name="restore"),
    path("recordings/<uuid:pk>/markers", recordings.Markers.as_view(), name="markers"),
    path("recordings/<uuid:pk>/markers/<uuid:marker_id>", recordings.OneMarker.as_view(), name="marker"),
    path("recordings/<uuid:pk>/shares", shares.Shares.as_view(), name="shares"),
    path("recordings/<uuid:pk>/shares/<uuid:share_id>", shares.OneShare.as_view(), name="share"),
    path("recordings/<uuid:pk>/transcript", transcripts.Transcript.as_view(), name="transcript"),
    path("search", transcripts.Search.as_view(), name="search"),
    path("recordings/<uuid:pk>/activity", recordings.Activity.as_view(), name="activity"),
    path("admin/recordings", recordings.AllRecordings.as_view(), name="admin-recordings"),
    path("admin/settings", admin.Settings.as_view(), name="admin-settings"),
]

_FILMS = [
    path("recordings/<uuid:pk>/exports", exports.Exports.as_view(), name="exports"),
    path("recordings/<uuid:pk>/exports/<uuid:export_id>", exports.OneExport.as_view(), name="export"),
    path("recordings/<uuid:pk>/exports/<uuid:export_id>/file", exports.ExportFile.as_view(), name="export-file"),
]
# By the addresses that asciinema's server has.
_STOCK = [
    path("asciicasts", stock.upload, name="asciicasts"),
    path("v1/recordings", stock.upload, name="asciicasts-v1"),
]


def routes(*, video: bool, terminal: bool) -> list[URLPattern]:
    """The API with the given kinds of recording switched on."""
    library = [*(_LIST_AND_TERMINALS if terminal else _LIST), *_LIBRARY] if video or terminal else []
    return [*_ALWAYS, *(_CAPTURE if video else []), *library, *([*_FILMS, *_STOCK] if terminal else [])]
