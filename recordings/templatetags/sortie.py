"""How pages write sizes, durations, times and icons."""

from datetime import datetime, timedelta
from zlib import crc32

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from recordings.models import PictureKind, Recording, Status, Terminal

register = template.Library()

MB = 1024 * 1024
PICTURES_TAKE = timedelta(minutes=2)


@register.simple_tag
def icon(name: str, label: str = "", css: str = "icon") -> SafeString:
    """A picture from static/icons.svg. Without a label it says nothing to a screen reader: text beside it does."""
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            css, label, static("icons.svg"), name,
        )  # fmt: skip
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css, static("icons.svg"), name,
    )  # fmt: skip


@register.simple_tag
def modules(entry: str, *imported: str) -> SafeString:
    """Load an ES module. What it imports is named too, so that all is fetched in one round instead of in turns."""
    preloads = format_html_join(
        "", '<link rel="modulepreload" href="{}">\n  ', ((static(name),) for name in imported)
    )
    return format_html('{}<script type="module" src="{}"></script>', preloads, static(entry))


@register.filter
def megabytes(size: int | None) -> str:
    """Bytes as MB, of 1,048,576 bytes as in the size limit: `0.1 MB`, `12.4 MB`, `1,234 MB`."""
    if size is None:
        return ""
    amount = size / MB
    if amount >= 99.95:
        return f"{amount:,.0f} MB"
    return f"{max(amount, 0.1):.1f} MB"


@register.filter
def clock(milliseconds: int | None) -> str:
    """A duration as `0:07`, `3:12` or `1:02:09`, in whole seconds as players count them."""
    if milliseconds is None:
        return ""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@register.filter
def seconds(milliseconds: int) -> str:
    """For an address: `92`, `0.5`."""
    return f"{milliseconds / 1000:.3f}".rstrip("0").rstrip(".")


@register.filter
def thousands(number: int) -> str:
    return f"{number:,}"


@register.filter
def session_icon(kind: str) -> str:
    return {"terminal": "terminal", "screen": "video"}.get(kind, "window")


@register.filter
def frame(terminal: Terminal) -> str:
    """The box of a terminal at its largest, for an SVG: cells are 0.6 wide and 1.333 high, and it has a border."""
    return f"0 0 {terminal.most_columns * 6 + 15} {round(terminal.most_rows * 13.33) + 15}"


_PICTURES = {PictureKind.POSTER: "poster", PictureKind.STORYBOARD: "storyboard_track"}


@register.simple_tag
def picture_address(recording: Recording, kind: str) -> str:
    """Where pages find a picture of the recording, another place for each that is made; empty if there is none."""
    for made in recording.pictures.all():
        if made.kind == kind:
            address = reverse(_PICTURES[PictureKind(kind)], args=[recording.pk])
            return f"{address}?v={crc32(made.storage_key.encode()):08x}"
    return ""


@register.filter
def awaits_pictures(recording: Recording) -> bool:
    """Whether pictures of it are being made, as far as can be told: some never get any."""
    if recording.status != Status.READY or recording.completed_at is None:
        return False
    return not recording.pictures.all() and timezone.now() - recording.completed_at < PICTURES_TAKE


@register.filter
def version(recording: Recording) -> str:
    """Another one whenever anything changed that a row of the list shows."""
    shown = (
        *(recording.status, recording.incomplete, recording.error, recording.name, recording.size_bytes),
        *(recording.duration_ms, recording.on_hold, recording.hold_reason, str(recording.session)),
        *(tag.name for tag in recording.tags.all()),
        *(made.storage_key for made in recording.pictures.all()),
    )
    return f"{crc32(repr(shown).encode()):08x}"


@register.simple_tag
def moment(at: datetime | None, style: str = "") -> SafeString | str:
    """A `<time>` in UTC, which base/times.js rewrites in the viewer's zone.

    `style`: empty for a short date ("today 14:02"), `full` for one with seconds and zone, `until` for "in 3 h".
    """
    if at is None:
        return ""
    at = at.astimezone(timezone.get_fixed_timezone(0))
    words = f"{at.day} {at:%b %Y, %H:%M:%S}" if style == "full" else f"{at.day} {at:%b %Y, %H:%M}"
    return format_html(
        '<time datetime="{}" data-style="{}" title="{}">{} UTC</time>',
        at.isoformat(timespec="seconds"), style or "short", f"{at.day} {at:%B %Y, %H:%M:%S} UTC", words,
    )  # fmt: skip
