"""The Dockerfile: pinned, without rights, and whole. What it makes is made here without Docker."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests import image

pytestmark = pytest.mark.only("single")

PINNED = re.compile(r".+:.+@sha256:[0-9a-f]{64}")
# Read by others than sortie/settings.py.
OF_OTHERS = {"DJANGO_SETTINGS_MODULE", "HOME", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
EVERY_MODULE = """
import importlib, json, pkgutil, django
django.setup()
names = [one.name for package in ("sortie", "recordings") for one in
    pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(json.dumps(names))
"""


def settings() -> set[str]:
    """Variables that the settings read."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse((image.ROOT / "sortie" / "settings.py").read_text()))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
        if isinstance(node.args[0].value, str)
    }


def test_it_begins_with_images_pinned_by_their_digests() -> None:
    assert image.bases()
    assert [name for name in image.bases() if not PINNED.fullmatch(name)] == []


def test_it_installs_only_what_is_pinned_with_hashes() -> None:
    [install] = [command for command in image.commands() if "pip install" in command]
    assert "--require-hashes" in install
    assert "--only-binary :all:" in install
    assert "-r requirements.txt" in install


def test_it_needs_no_root_and_leaves_its_tools_behind() -> None:
    last = image.TEXT[image.TEXT.rindex("\nFROM ") :]
    assert re.search(r"^USER [1-9][0-9]+:[1-9][0-9]+$", last, re.MULTILINE)
    assert "pip" not in last


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    lines = (image.ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert image.copied()
    for name in image.copied():
        assert (image.ROOT / name).exists(), name
        assert any(fnmatch(name, pattern) for pattern in let_in), name


def test_what_is_set_is_a_setting() -> None:
    assert set(image.variables()) - settings() - OF_OTHERS == set()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the portal in the image, as COPY and .dockerignore leave it."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "app").mkdir()
    for name, target in image.copied().items():
        if (image.ROOT / name).is_dir():
            shutil.copytree(image.ROOT / name, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(image.ROOT / name, folder / target)
    for line in (image.ROOT / ".dockerignore").read_text().splitlines():
        if line and line[0] not in "#!*":
            shutil.rmtree(folder / "app" / line)
    return folder / "app"


def run(app: Path, command: list[str]) -> str:
    """What a program says that is run in the folder of the portal, as in the image but for where it may write."""
    own = {"SORTIE_STATIC_PATH": str(app.parent / "static"), "HOME": str(app.parent)}
    found = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    variables = {**image.variables(), **own, **found, "TMPDIR": str(app.parent)}
    done = subprocess.run(command, cwd=app, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_files_of_the_pages_are_collected_from_what_is_copied(app: Path) -> None:
    [build] = [command for command in image.commands() if "collectstatic" in command]
    [collect] = re.findall(r"SORTIE_DATA=.*collectstatic.*", build)
    run(app, ["sh", "-c", collect.replace("/tmp/build", str(app.parent / "build"))])
    found = json.loads((app.parent / "static" / "staticfiles.json").read_text())["paths"]
    assert found["tokens.css"] != "tokens.css"


def test_no_module_needs_what_is_not_copied(app: Path) -> None:
    own = [f"SORTIE_DATA={app.parent}", "SECRET_KEY=only-for-tests-0123456789-0123456789-0123456789"]
    modules = json.loads(run(app, ["env", *own, "python", "-c", EVERY_MODULE]))
    assert {"sortie.wsgi", "sortie.live", "recordings.tasks", "recordings.api.urls"} <= set(modules)
