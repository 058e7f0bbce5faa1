"""README.md says what is so: its commands are run, and its tables held against the source."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import portal as portals
from tests.portal import Portal, password_of
from tests.webm_samples import samples

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
READERS = ("text", "boolean", "integer", "choice", "words", "networks", "path", "url", "database")
SETTINGS = README.partition("\n## Settings\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def blocks() -> tuple[str, str]:
    """The flow, and what is refused."""
    flow, refused = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    return flow, refused


def run(script: str, portal: Portal, folder: Path) -> list[str]:
    """The lines a script of the README prints, run as alice in a folder with a recording in it."""
    shutil.copy(samples()["vp9_opus"], folder / "screen.webm")
    shutil.copy(ROOT / "README.md", folder)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={
            "PATH": portal.variables["PATH"],
            "SORTIE": portal.url,
            "NAME": "alice",
            "PASSWORD": password_of("alice"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_flow_works_as_printed(portal: Portal, tmp_path: Path, blocks: tuple[str, str]) -> None:
    said = "".join(run(blocks[0], portal, tmp_path))
    assert said.startswith('{"status":"uploading"}{"status":"ready"}[{')
    assert '"filename":"Monthly invoices.webm"' in said
    assert re.search(rf"{portal.url}/s/[\w-]{{32}}$", said)
    assert (tmp_path / "exactly-as-uploaded.webm").read_bytes() == (tmp_path / "screen.webm").read_bytes()
    assert (tmp_path / "watch.webm").read_bytes() != (tmp_path / "screen.webm").read_bytes()
    with portal.client("alice") as client:
        assert client.get("/api/recordings", params={"q": "invoices", "status": "ready"}).json() == []


def test_what_is_refused_is_refused_as_printed(portal: Portal, tmp_path: Path, blocks: tuple[str, str]) -> None:
    expected = re.findall(r"# (\d{3}) ", blocks[1])
    setup = "\n".join(
        line for line in blocks[0].splitlines() if re.match(r"SORTIE=|field\(|TOKEN=|api\(|SESSION=", line)
    )
    assert run(f"{setup}\n{blocks[1]}", portal, tmp_path) == expected
    assert len(expected) == 5


@pytest.fixture
def without_video() -> Iterator[Portal]:
    with portals.running(SORTIE_VIDEO_RECORDING_ENABLED="false") as started:
        yield started


def test_what_is_switched_off_is_not_there(without_video: Portal, tmp_path: Path, blocks: tuple[str, str]) -> None:
    setup = "\n".join([*blocks[0].splitlines()[:4], blocks[1].splitlines()[0]])
    ask = f'{setup}\nstatus -X POST "$SORTIE/api/sessions/{"0" * 8}-0000-4000-8000-{"0" * 12}/recording/'
    assert [run(f'{ask}{end}"', without_video, tmp_path) for end in ("start", "stop", "upload")] == [["404"]] * 3


@pytest.mark.only("single")
def test_every_setting_is_in_the_table_and_nothing_else() -> None:
    told = [name for names, _ in table() for name in re.findall(r"`(\w+)`", names)]
    assert sorted(told) == sorted(_read_by_settings())


@pytest.mark.only("single")
def test_the_defaults_in_the_table_are_those_in_force() -> None:
    actual = _read_by_settings()
    wrong = []
    for names, defaults in table():
        for name, told in zip(re.findall(r"`(\w+)`", names), re.findall(r"`(.*?)`", defaults), strict=False):
            # A default that depends on others is told in words, and a path is not told as the source has it.
            if actual[name] not in (None, told):
                wrong.append((name, told, actual[name]))
    assert not wrong


@pytest.mark.only("single")
def test_commands_and_links_are_there() -> None:
    make = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    assert set(re.findall(r"^  make ([\w-]+) +\S", make, re.MULTILINE)) == targets
    assert set(re.findall(r"`?make ([\w-]+)", README)) <= targets
    for target in re.findall(r"\]\((?!https?:)(.*?)\)", README):
        assert (ROOT / target).exists(), target
    for command in re.findall(r"manage\.py (\w+)", README):
        subprocess.run([sys.executable, "manage.py", "help", command], cwd=ROOT, check=True, capture_output=True)


def table() -> list[tuple[str, str]]:
    """The first two columns of the table of settings."""
    return re.findall(r"^\| (`[A-Z].*?`) \| (.*?) ?\|", SETTINGS, re.MULTILINE)


def _read_by_settings() -> dict[str, str | None]:
    """Variables that sortie/settings.py reads, with their defaults as text; None where it is no plain value."""
    found: dict[str, str | None] = {}
    for node in ast.walk(ast.parse((ROOT / "sortie" / "settings.py").read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if node.func.attr not in READERS:
            continue
        given = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "default")]
        plain = given[0].value if given and isinstance(given[0], ast.Constant) else None
        found[ast.literal_eval(node.args[0])] = None if plain is None else str(plain).lower()
    return found
