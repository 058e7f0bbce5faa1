"""The Dockerfile, read: what it sets, runs and copies."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "Dockerfile").read_text()
_LINES = TEXT.replace("\\\n", " ").splitlines()


def bases() -> list[str]:
    """The images that it begins with."""
    stages = set(re.findall(r"^FROM .+ AS (\w+)$", TEXT, re.MULTILINE))
    return [name for name in re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE) if name not in stages]


def variables() -> dict[str, str]:
    """What it sets for every process."""
    lines = [line.removeprefix("ENV ") for line in _LINES if line.startswith("ENV ")]
    return dict(word.split("=", 1) for line in lines for word in line.split())


def commands() -> list[str]:
    """What it runs, each as a shell is told it."""
    return [re.sub(r" {2,}", " ", line.removeprefix("RUN ")) for line in _LINES if line.startswith("RUN ")]


def copied() -> dict[str, str]:
    """What goes from the project into the image, and where."""
    lines = [line.split()[1:] for line in _LINES if line.startswith("COPY ") and "--from" not in line]
    return {name: target for *names, target in lines for name in names}
