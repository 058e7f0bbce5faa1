"""The small JSON file beside a recording that says what is in it, written when the recording has ended."""

import json
import os
import time

SUFFIX = ".meta.json"


def write(path: str, content: dict[str, object]) -> None:
    """Put `content` at `path` so that readers see all of it or what was there before. Raises OSError."""
    temporary = f"{path}.{os.getpid()}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "w", encoding="utf-8", errors="replace") as file:
            json.dump(content, file, indent=1, ensure_ascii=False, default=str)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def content(
    about: dict[str, str],
    *,
    started: float,
    duration: float,
    commands: int,
    size: int,
    payload: int,
    **more: object,
) -> dict[str, object]:
    """What a sidecar holds: times as RFC 3339, sizes in bytes. `more` is left out where it is empty."""
    result: dict[str, object] = {
        **about,
        "start_time": timestamp(started),
        "end_time": timestamp(started + duration),
        "command_count": commands,
        "duration_ms": round(duration * 1000),
        "size_bytes": size,
    }
    result.update({name: value for name, value in {"payload_bytes": payload, **more}.items() if value})
    return result
