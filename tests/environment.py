"""The environment the tests run in. A profile says which database, store and broker.

    single  SQLite, local disk, no broker: what `make run` starts
    many    PostgreSQL, S3, Redis: what a cluster runs; `tests/services.py` starts them

The servers' addresses are only known once they run, so the session fixtures put them into the settings.
"""

import os
import tempfile
from pathlib import Path

PROFILE = os.environ.get("SORTIE_TEST_PROFILE", "single")


def prepare() -> None:
    """Set what `sortie.settings` reads, unless the caller's environment already says otherwise."""
    data = Path(tempfile.gettempdir()) / f"sortie-tests-{os.getuid()}-{os.getpid()}"
    for name, value in {
        "SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789",
        "SORTIE_DATA": str(data),
        "SORTIE_RECORDING_STORAGE_PATH": str(data / "recordings"),
        "SORTIE_VIDEO_RECORDING_ENABLED": "true",
        "SORTIE_TERMINAL_RECORDING_ENABLED": "true",
        "SORTIE_HTTPS": "false",
    }.items():
        os.environ.setdefault(name, value)
