"""Long recordings to measure with: what Chromium recorded, over and over, its clock going on."""

import os
from pathlib import Path

from tests.webm_samples import looped, samples

MB = 10**6


def recording(folder: Path, megabytes: int) -> Path:
    """A live WebM of at least so many MB as a browser would send it: VP9 and Opus, a lively screen."""
    path = folder / f"{megabytes}.webm"
    if not path.exists():
        looped(samples()["busy"], path, size=megabytes * MB)
    return path


def settle() -> None:
    """Have the disk finish what was written before, so that it is no part of what is measured next."""
    os.sync()
