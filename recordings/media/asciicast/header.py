"""The header of a cast, of any version: what it must say is checked, what it may say is put right or left out.

https://docs.asciinema.org/manual/asciicast/v2/ and v3/; version 1 has the keys of version 2 in one document.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recordings.media.asciicast.repairs import Condition, Repair
from recordings.media.errors import CastBeyondLimits, DamagedCast, NotCast
from recordings.media.limits import CastLimits

VERSIONS = (1, 2, 3)
USUAL_SIZE = (80, 24)  # what players take where there is none
LAST_SECOND = 253_402_300_799  # of the year 9999
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as `#rrggbb`; `palette` has 8 or 16 of them."""

    foreground: str
    background: str
    palette: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What recorders say of a session under the header key `sortie`, or as others have named it. "" is unknown."""

    session_id: str = ""
    host: str = ""
    host_id: str = ""
    user: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What a cast says of itself. Texts hold no control characters; "" and None stand for what it does not say.

    timestamp: whole seconds since 1970. idle_time_limit: seconds.
    """

    version: int
    width: int
    height: int
    timestamp: int | None = None
    title: str = ""
    command: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    theme: Theme | None = None
    idle_time_limit: float | None = None
    term_type: str = ""
    term_version: str = ""
    about: About = About()


def header_of(document: object, condition: Condition, limits: CastLimits) -> Header:
    """The header in a parsed first line, or in a document of version 1.

    Raises:
        NotCast: it is none, or of another version.
        DamagedCast: it has no size.
        CastBeyondLimits: of the size.
    """
    if not isinstance(document, dict) or "version" not in document:
        raise NotCast("This is JSON, but no asciicast: its first line has no version.")
    version = document["version"]
    if version not in VERSIONS or isinstance(version, bool):
        raise NotCast("Only asciicasts of version 1, 2 and 3 can be read.")
    return _Reader(document, condition).header(int(version), limits)


def clean_text(text: str) -> str:
    """`text` without control characters and halves of characters, as any database takes it."""
    return _UNSHOWN.sub("", text)


def whole_characters(text: str) -> str:
    """`text` with halves of surrogate pairs, which JSON can hold, made U+FFFD."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


class _Reader:
    """Takes values out of a header, and notes those that strict readers would refuse."""

    def __init__(self, document: dict[str, Any], condition: Condition) -> None:
        self._document = document
        self._condition = condition
        term = document.get("term")
        self._term: dict[str, Any] = term if isinstance(term, dict) else {}

    def header(self, version: int, limits: CastLimits) -> Header:
        term = self._term if version == 3 else self._document
        names = ("cols", "rows") if version == 3 else ("width", "height")
        width, height = self._size([term.get(name) for name in names], limits)
        timestamp = self._number("timestamp", 0, LAST_SECOND)
        if timestamp is not None and not isinstance(timestamp, int):
            self._repaired()  # asciinema 3 refuses fractions
        return Header(
            version=version,
            width=width,
            height=height,
            timestamp=None if timestamp is None else int(timestamp),
            title=self._text(self._document, "title"),
            command=self._text(self._document, "command"),
            env=self._env(),
            theme=self._theme(term.get("theme")),
            idle_time_limit=self._limit(),
            term_type=self._text(self._term, "type"),
            term_version=self._text(self._term, "version"),
            about=self._about(),
        )

    def _repaired(self) -> None:
        self._condition.note(Repair.HEADER)

    def _size(self, given: list[Any], limits: CastLimits) -> tuple[int, int]:
        for value in given:
            if not _is_number(value) or value < 0 or value != int(value):
                raise DamagedCast("The recording's header, in line 1, does not say how large the terminal was.", 1)
            if value > limits.side:
                raise CastBeyondLimits(
                    f"The recording claims a terminal of {limits.side:,} columns or rows or more; that cannot be."
                )
        width, height = given
        if not all(given) or not all(isinstance(value, int) for value in given):
            self._repaired()
        return (int(width), int(height)) if width and height else USUAL_SIZE

    def _number(self, name: str, least: float, most: float) -> float | None:
        value = self._document.get(name)
        if value is None:
            return None
        if _is_number(value) and least <= value <= most:
            return value  # type: ignore[no-any-return]
        self._repaired()
        return None

    def _limit(self) -> float | None:
        seconds = self._number("idle_time_limit", 0, LAST_SECOND)
        return float(seconds) if seconds else None

    def _text(self, where: dict[str, Any], name: str) -> str:
        value = where.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._repaired()
            return ""
        if _SURROGATES.search(value):
            self._repaired()
        return clean_text(value)

    def _env(self) -> dict[str, str]:
        env = self._document.get("env")
        if env is None:
            return {}
        if not isinstance(env, dict):
            self._repaired()
            return {}
        if None in env.values():  # which asciinema 3 refuses in version 3
            self._repaired()
        return {name: self._text(env, name) for name in env if _ENV_NAME.fullmatch(name) and env[name] is not None}

    def _theme(self, theme: object) -> Theme | None:
        if theme is None:
            return None
        if isinstance(theme, dict):
            palette = tuple(str(theme.get("palette")).split(":"))
            colours = [theme.get("fg"), theme.get("bg"), *palette]
            valid = all(isinstance(each, str) and _COLOUR.fullmatch(each) for each in colours)
            if valid and len(palette) in (8, 16):
                return Theme(theme["fg"], theme["bg"], palette)
        self._repaired()
        return None

    def _about(self) -> About:
        """From `sortie`, else from where other recorders have put it: on top, or into `env`."""
        own = self._document.get("sortie")
        places = [own if isinstance(own, dict) else {}, self._document]

        def found(*names: str) -> str:
            values = (place.get(name) for place in places for name in names)
            text = next((value for value in values if isinstance(value, str) and value), "")
            return clean_text(text)[:255]

        return About(
            session_id=found("session_id"),
            host=found("host", "hostname", "target", "agent_name"),
            host_id=found("host_id"),
            user=found("user", "username"),
            agent=found("agent"),
        )


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def parsed(text: str) -> object:
    """JSON without the liberties that Python takes. ValueError if it is none, or nested too deeply."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
