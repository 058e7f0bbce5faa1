"""Tools that look into recordings: export and screenshot."""

import base64
import codecs
from typing import Annotated, Literal

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import Field

from recordings import exporting, screens, transcripts, watching
from recordings.mcp_server import shapes
from recordings.mcp_server.callers import Caller, caller
from recordings.mcp_server.library import Id, found
from recordings.models import Export, ExportForm, ExportStatus, Kind, Recording, Status
from recordings.permissions import Can

LEAST_BYTES, MOST_BYTES = 100, 100_000
MOST_SECONDS = 366 * 24 * 3600
MOST_SCREEN = 20_000  # characters
FILMS = ("mp4", "webm", "gif")
FORMATS = {Kind.TERMINAL: ("cast", "txt", *FILMS), Kind.VIDEO: ("webm",)}


def recording_export(
    id: Id,  # noqa: A002  (what agents know it by)
    format: Annotated[  # noqa: A002
        Literal["cast", "txt", "mp4", "webm", "gif"],
        Field(
            description="Of a terminal recording cast: asciicast 2 lines; txt: the lines it showed; mp4, webm, "
            "gif: a film of it as base64, with idle time cut short; where there is none yet it is made in the "
            "background, and you are told when to call again. Of a video webm, as base64."
        ),
    ],
    offset: Annotated[int, Field(ge=0, description="In bytes; `next_offset` of the part before.")] = 0,
    most_bytes: Annotated[
        int, Field(ge=LEAST_BYTES, le=MOST_BYTES, description="Of cast and txt, only whole lines are given.")
    ] = 20_000,
) -> shapes.Export:
    """Export a recording as a file, part by part. To read what a terminal showed, recording_read_text is better."""
    me = caller(Can.DOWNLOAD)
    recording = ready(found(me, id, Can.DOWNLOAD))
    _check_format(recording, format)
    part = _part(recording, me, format, offset, most_bytes)
    if format in ("cast", "txt"):
        data, content = _whole_lines(part)
    else:
        data, content = part.data, base64.b64encode(part.data).decode()
    return shapes.Export(
        id=id,
        format=format,
        offset=offset,
        next_offset=offset + len(data) if part.more else None,
        total_bytes=part.total,
        untrusted=shapes.Content(content=content),
    )


def recording_screenshot(
    id: Id,  # noqa: A002
    at_seconds: Annotated[float, Field(ge=0, le=MOST_SECONDS, description="After the recording's start.")],
) -> Annotated[CallToolResult, shapes.Screenshot]:
    """See what a recording showed at a moment: a picture and, of a terminal, the text on its screen."""
    me = caller(Can.VIEW)
    recording = ready(found(me, id))
    try:
        seen = screens.seen_at(recording, me.by, at_ms=round(at_seconds * 1000))
    except screens.NoScreen as error:
        raise ToolError(str(error)) from error
    text = "\n".join(line.rstrip() for line in seen.lines).rstrip("\n")
    shot = shapes.Screenshot(
        id=id,
        at_seconds=at_seconds,
        width=seen.width,
        height=seen.height,
        cut=len(text) > MOST_SCREEN,
        untrusted=shapes.Content(content=text[:MOST_SCREEN]),
    )
    picture = base64.b64encode(seen.picture).decode()
    return CallToolResult(
        content=[
            TextContent(type="text", text=shot.model_dump_json()),
            ImageContent(type="image", data=picture, mime_type=seen.content_type),
        ],
        structured_content=shot.model_dump(mode="json"),
    )


def ready(recording: Recording) -> Recording:
    """Raises ToolError unless there is something to look at."""
    if recording.status == Status.READY:
        return recording
    why = {
        Status.FAILED: f"It failed: {recording.error}" if recording.error else "It failed.",
        Status.RECORDING: "It is still being recorded.",
        Status.UPLOADING: "It is still being uploaded; try again in a minute.",
    }[Status(recording.status)]
    raise ToolError(f"There is nothing to look at. {why}")


def _check_format(recording: Recording, name: str) -> None:
    """Raises ToolError unless there is such a thing of this kind of recording."""
    offered = FORMATS[Kind(recording.kind)]
    if name not in offered:
        raise ToolError(f"This is a {recording.kind} recording; it can be had as {', '.join(offered)}.")


def _part(recording: Recording, me: Caller, name: str, start: int, most: int) -> watching.Part:
    if name == "txt":
        try:
            return watching.part_of_text(recording, me.by, start=start, most=most)
        except transcripts.NoTranscript as error:
            raise ToolError(str(error)) from error
    if recording.kind == Kind.VIDEO or name == "cast":
        return watching.part(recording, me.by, start=start, most=most)
    return exporting.part(_film(recording, me, ExportForm(name)), me.by, start=start, most=most)


def _film(recording: Recording, me: Caller, form: ExportForm) -> Export:
    """The film there is. Raises ToolError while it is made, which asking for it begins, and if it cannot be."""
    film = exporting.of(recording, form, skip_idle=True)
    if film is None:
        try:
            film = exporting.order(recording, me.by, form=form, skip_idle=True)
        except (exporting.NotNow, exporting.TooMany) as error:
            raise ToolError(str(error)) from error
    if film.status == ExportStatus.FAILED:
        raise ToolError(f"{film.error} The person you work for can have it tried again on the recording's page.")
    if film.status != ExportStatus.READY:
        raise ToolError(f"The {form} is being made ({film.progress} %). Call again in some seconds.")
    return film


def _whole_lines(part: watching.Part) -> tuple[bytes, str]:
    """The bytes and their text, up to the last end of a line; where there is none, up to the last whole character.

    The end of the file is an end of a line.
    """
    data = part.data
    if part.more:
        data = data[: data.rfind(b"\n") + 1] or data
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data, final=not part.more)
    return data[: len(data) - len(decoder.getstate()[0])], text
