"""Hover previews of a video: which part of one large picture shows which moment, as WebVTT.

https://developer.mozilla.org/en-US/docs/Web/API/WebVTT_API, with media fragments (`#xywh=`) as players know them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """`tiles` pictures of evenly spaced moments, `columns` in a row, of `width` x `height` pixels each."""

    tiles: int
    columns: int
    width: int
    height: int


def cues(sheet: Sheet, *, duration_ms: int, address: str) -> str:
    """A WebVTT file in which each tile of the picture at `address` stands for its share of the duration."""
    blocks = ["WEBVTT"]
    for i in range(sheet.tiles):
        start, end = i * duration_ms // sheet.tiles, (i + 1) * duration_ms // sheet.tiles
        x, y = i % sheet.columns * sheet.width, i // sheet.columns * sheet.height
        place = f"{address}#xywh={x},{y},{sheet.width},{sheet.height}"
        blocks.append(f"{timestamp(start)} --> {timestamp(end)}\n{place}")
    return "\n\n".join(blocks) + "\n"


def timestamp(ms: int) -> str:
    """`hh:mm:ss.mmm`"""
    seconds, thousandths = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}"
