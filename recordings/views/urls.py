"""Addresses of the pages."""

from django.urls import URLPattern, path

from recordings.views import (
    account,
    connect,
    features,
    library,
    login,
    pictures,
    player,
    record,
    segments,
    sessions,
    shared,
)

_SHARED = [
    path("s/<slug:secret>", shared.page, name="shared"),
    path("s/<slug:secret>/state", shared.state, name="shared_state"),
    path("s/<slug:secret>/media", shared.media, name="shared_media"),
    path("s/<slug:secret>/segments", shared.segment_index, name="shared_segments"),
    path("s/<slug:secret>/segments/<int:number>", shared.segment, name="shared_segment"),
    path("s/<slug:secret>/download", shared.download, name="shared_download"),
    path("s/<slug:secret>/poster", shared.poster, name="shared_poster"),
    path("s/<slug:secret>/storyboard.jpg", shared.storyboard, name="shared_storyboard"),
    path("s/<slug:secret>/storyboard.vtt", shared.storyboard_track, name="shared_storyboard_track"),
]


def page_routes(*, video: bool, terminal: bool) -> list[URLPattern]:
    """The pages, for the kinds of recording that are switched on. Names stay, so that links never break a page."""
    on = video or terminal
    off = features.all_off
    off_terminal = features.terminal_off if on else off
    off_video = features.video_off if on else off
    return [
        path("login", login.sign_in_page, name="login"),
        path("logout", login.sign_out, name="logout"),
        path("account", account.index, name="account"),
        path("account/password", account.change_password, name="account_password"),
        path("account/tokens", account.create_token, name="account_tokens"),
        path("account/tokens/<uuid:pk>/revoke", account.revoke_token, name="account_token_revoke"),
        path("account/terminals/<uuid:pk>/disconnect", connect.disconnect, name="disconnect"),
        path("connect/<uuid:install_id>", connect.connect if terminal else off_terminal, name="connect"),
        path("", library.index if on else off, name="library"),
        path("library/rows", library.rows if on else off, name="library_rows"),
        path("deleted", library.deleted if on else off, name="deleted"),
        path("recordings/delete", library.delete_many if on else off, name="delete_many"),
        path("recordings/restore", library.restore_many if on else off, name="restore_many"),
        path("record", record.record if video else off_video, name="record"),
        path("sessions", sessions.index if video else off_video, name="sessions"),
        path("sessions/new", sessions.add if video else off_video, name="session_add"),
        path("sessions/<uuid:pk>", sessions.session if video else off_video, name="session"),
        path("sessions/<uuid:pk>/stop", sessions.stop if video else off_video, name="session_stop"),
        path("recordings/<uuid:pk>", player.player if on else off, name="player"),
        *(_SHARED if on else []),
        # Also while everything is off: an admin can still look at what is kept.
        path("recordings/<uuid:pk>/media", player.media, name="media"),
        path("recordings/<uuid:pk>/segments", segments.index, name="segments"),
        path("recordings/<uuid:pk>/segments/<int:number>", segments.part, name="segment"),
        path("recordings/<uuid:pk>/poster", pictures.poster, name="poster"),
        path("recordings/<uuid:pk>/storyboard.jpg", pictures.storyboard, name="storyboard"),
        path("recordings/<uuid:pk>/storyboard.vtt", pictures.storyboard_track, name="storyboard_track"),
    ]
