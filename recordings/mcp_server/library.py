"""Tools over the library: list, show, delete."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import QueryDict
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from pydantic import Field

from recordings import deleting, library, retention
from recordings.filters import RecordingFilter
from recordings.mcp_server import shapes
from recordings.mcp_server.callers import Caller, caller
from recordings.models import Recording
from recordings.permissions import Can, can
from recordings.search.finding import find

MOST = 50
ASK_FIRST = (
    "Nothing is deleted yet. Show this to the person you work for. Only if they agree, call recording_delete again "
    "with the same id and this confirmation; it is good for ten minutes."
)
DELETED = "Tell the person you work for that it is deleted, and for how long it can be restored, under Deleted."

Id = Annotated[str, Field(description="A recording's id, as recording_list and recording_search give them.")]
Cursor = Annotated[str | None, Field(description="`next_cursor` of the page before.")]
Since = Annotated[datetime | None, Field(description="Created then or later. Without a zone it is UTC.")]
Until = Annotated[datetime | None, Field(description="Created before. Without a zone it is UTC.")]
Session = Annotated[UUID | None, Field(description="Only those made in this session.")]
Everyone = Annotated[bool, Field(description="Other people's too, if you act for an admin.")]


def recording_list(
    kind: shapes.Kind | None = None,
    status: shapes.Status | None = None,
    words: Annotated[
        str | None, Field(description="All of them are in title, notes, tags, session or what a terminal showed.")
    ] = None,
    since: Since = None,
    until: Until = None,
    session: Session = None,
    everyone: Everyone = False,
    limit: Annotated[int, Field(ge=1, le=MOST)] = 20,
    cursor: Cursor = None,
) -> shapes.Page:
    """List recordings, newest first."""
    me = caller(Can.VIEW)
    asked = {"kind": kind, "status": status, "q": words, "since": since, "until": until, "session": session}
    chosen = chosen_by(me, asked, everyone=everyone)
    page = page_of(chosen, limit=limit, cursor=cursor)
    return shapes.Page(
        recordings=[shapes.summary(recording) for recording in page.rows],
        next_cursor=page.next_cursor,
        search_goes_on=page.stopped,
    )


def recording_show(id: Id) -> shapes.Details:  # noqa: A002  (what agents know it by)
    """Show everything that is known of a recording, but not what was recorded."""
    return shapes.details(found(caller(Can.VIEW), id))


def recording_delete(
    id: Id,  # noqa: A002
    confirmation: Annotated[
        str | None, Field(description="From a preview that the person you work for has agreed to.")
    ] = None,
) -> shapes.Deletion:
    """Delete a recording, in two steps.

    Without `confirmation` nothing is deleted: you get a preview. Show it to the person you work for and ask them.
    If they agree, call again with the confirmation of the preview. What is on hold cannot be deleted; what is
    deleted can be restored for some hours.
    """
    me = caller(Can.DELETE)
    recording = found(me, id, Can.DELETE)
    given = None
    try:
        if confirmation is None:
            given = deleting.confirmation(recording, me.by)
        else:
            deleting.confirmed(recording, me.by, confirmation)
    except retention.OnHold as error:
        raise ToolError(str(error)) from error
    except deleting.NotConfirmed as error:
        again = "Nothing was deleted. Call recording_delete without a confirmation, and ask again."
        raise ToolError(f"{error} {again}") from error
    return shapes.Deletion(
        deleted=given is None,
        recording=shapes.summary(recording),
        restorable_hours=settings.SORTIE_DELETED_KEEP_HOURS,
        confirmation=given,
        next_step=ASK_FIRST if given else DELETED,
    )


def show_resource(id: str) -> str:  # noqa: A002
    """Everything that is known of a recording, as JSON."""
    try:
        return recording_show(id).model_dump_json(indent=1)
    except ToolError as error:
        raise ResourceNotFoundError(str(error)) from error


def found(me: Caller, key: str, action: Can = Can.VIEW) -> Recording:
    """The recording with this id. Raises ToolError if there is none that the caller may know of or do this to."""
    try:
        pk = UUID(key)
    except ValueError as error:
        raise ToolError(f"“{key[:100]}” is no recording's id. recording_list gives ids.") from error
    recording = Recording.objects.visible_to(me.user).for_display().filter(pk=pk).first()
    if recording is None or not can(me.user, action, recording):
        raise ToolError(f"There is no recording {pk} that you may see. recording_list gives those there are.")
    return recording


def chosen_by(me: Caller, asked: dict[str, Any], *, everyone: bool) -> RecordingFilter:
    """What of the caller's recordings was asked for; None stands for no wish. Raises ToolError."""
    query = QueryDict(mutable=True)
    for name, value in asked.items():
        if value is not None:
            query[name] = value.isoformat() if isinstance(value, datetime) else str(value)
    chosen = RecordingFilter(query, queryset=library.recordings_of(me.user, own=not everyone))
    if not chosen.is_valid():
        name, problems = next(iter(chosen.errors.items()))
        raise ToolError(f"{'words' if name == 'q' else name}: {problems[0]}")
    return chosen


def page_of(chosen: RecordingFilter, *, limit: int, cursor: str | None) -> library.Page:
    """A page of them. Raises ToolError."""
    try:
        return find(chosen.qs, chosen.question, cursor=cursor or "", limit=limit)
    except library.BadCursor as error:
        raise ToolError(str(error)) from error
