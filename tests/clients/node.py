"""tus-js-client on Node, installed by npm into a temporary folder once a test run."""

import functools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@functools.cache
def installed() -> tempfile.TemporaryDirectory[str]:
    """The folder with the client; skips the test where Node, npm (Debian: nodejs, npm) or its registry are not."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not installed")
    folder = tempfile.TemporaryDirectory(prefix="sortie-tus-js-")
    for name in ("package.json", "upload.mjs"):
        shutil.copy(HERE / name, folder.name)
    command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, cwd=folder.name, capture_output=True, text=True, timeout=120)
    if done.returncode:
        pytest.skip(f"npm could not install tus-js-client: {done.stderr.strip()[-200:]}")
    return folder


def upload(**what: Any) -> dict[str, Any]:
    """What `upload.mjs` says after it was told so."""
    command = ["node", "upload.mjs", json.dumps(what)]
    done = subprocess.run(command, cwd=installed().name, capture_output=True, text=True, timeout=150)
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said
