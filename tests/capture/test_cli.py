"""The command line as a whole: what it says of itself, completes, imports, and how it is installed."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from recordings.capture import VERSION, cli
from tests.capture.conftest import OpenTerminal
from tests.capture.killing import state_of
from tests.capture.user import ROOT, SORTIE, environment, run
from tests.waiting import until

CAPTURE = ROOT / "recordings" / "capture"


def test_the_overview_names_every_command_on_lines_that_fit(home: Path) -> None:
    done = run(home, "help")
    assert done.returncode == 0
    text = done.stdout.decode()
    for name in cli.COMMANDS:
        assert re.search(rf"^  {name} +\w", text, re.MULTILINE)
    assert run(home).stdout == run(home, "--help").stdout == done.stdout
    assert "\x1b" not in text


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_a_page_with_its_exit_status(home: Path, name: str) -> None:
    if name == "help":
        return
    done = run(home, "help", name, COLUMNS="80")
    assert done.returncode == 0
    assert done.stdout == run(home, name, "--help", COLUMNS="80").stdout
    text = done.stdout.decode()
    assert text.startswith(f"usage: sortie {name}")
    assert "exit status:" in text or name == "completion"
    assert max(len(line) for line in text.splitlines()) <= 80
    for option in cli.module(name).OPTIONS:
        for text_of_option in option.names:
            assert text_of_option in text


def test_the_version_is_the_packages(home: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert run(home, "--version").stdout == f"sortie {VERSION}\n".encode()


def test_a_command_that_is_none_is_told(home: Path) -> None:
    done = run(home, "recrod")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"sortie: there is no command 'recrod'\n  `sortie help` shows those there are\n"


def test_an_interrupt_before_anything_has_begun_is_quiet(sortie: OpenTerminal) -> None:
    with sortie("login", "http://127.0.0.1:1") as terminal:
        terminal.wait_for("Username: ")
        # Python sees a signal between its instructions: not one that comes in the moment before it begins to wait.
        until(lambda: state_of(terminal.pid) == "S", "waiting for the name")
        terminal.press("\x03")
        assert terminal.wait() == 130
        assert b"Traceback" not in terminal.shown


BLOCK_EVERYTHING_ELSE = """
import sys
from pathlib import Path
for name in [name for name in sys.path if name.endswith(("site-packages", "dist-packages"))]:
    sys.path.remove(name)
class Finder:
    def find_spec(self, name, path=None, target=None):
        first = name.partition(".")[0]
        ours = name == "recordings" or name.startswith("recordings.capture")
        if first not in sys.stdlib_module_names and not ours:
            raise ImportError(f"{name} is not of the standard library")
sys.meta_path.insert(0, Finder())
"""


def modules() -> list[str]:
    names = [path.relative_to(ROOT).with_suffix("").parts for path in sorted(CAPTURE.rglob("*.py"))]
    return [".".join(name).removesuffix(".__init__") for name in names if name[-1] != "__main__"]


def test_every_module_imports_alone_with_django_and_all_else_blocked() -> None:
    code = BLOCK_EVERYTHING_ELSE + (
        "import importlib\n"
        f"for name in {modules()!r}:\n"
        "    for loaded in [one for one in sys.modules if one.startswith('recordings')]: del sys.modules[loaded]\n"
        "    importlib.import_module(name)\n"
        "from recordings.capture import RecordingConfig, SessionRecorder\n"
        "assert 'django' not in sys.modules\n"
    )
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0


def test_a_recording_is_made_with_django_blocked(home: Path) -> None:
    code = BLOCK_EVERYTHING_ELSE + "from recordings.capture.cli import main\nsys.exit(main())"
    command = [sys.executable, "-S", "-c", code, "rec", "--", "sh", "-c", "echo out; exit 7"]
    done = subprocess.run(command, env=environment(home), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"")


def test_recording_loads_little() -> None:
    # Each of these costs milliseconds at every start.
    code = (
        "import sys; from recordings.capture.commands import rec; from recordings.capture import pty_session\n"
        "print(*sorted({'dataclasses', 'typing', 'asyncio', 'subprocess', 'pathlib', 'logging', 'datetime',"
        " 'urllib', 'shutil', 'tempfile'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout == "\n"


def test_nothing_in_the_recorder_is_left_to_be_guessed() -> None:
    # Files are opened by number or with an encoding: what the locale says must not matter.
    for path in CAPTURE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                modes = [argument.value for argument in node.args[1:] if isinstance(argument, ast.Constant)]
                binary = any("b" in str(mode) for mode in modes)
                assert binary or any(keyword.arg == "encoding" for keyword in node.keywords), (
                    f"{path}:{node.lineno}"
                )


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "en_US.ISO-8859-1"])
def test_the_locale_makes_no_difference(home: Path, locale: str) -> None:
    more = {"LANG": locale, "LC_ALL": locale}
    assert run(home, "rec", "--title", "Häuser", "--", "printf", "żółć", **more).stdout == "żółć".encode()
    [path] = (home / ".sortie").rglob("*.cast")
    text = path.read_bytes().decode("utf-8")
    assert '"title":"Häuser"' in text
    assert "żółć" in text
    assert run(home, "replay", "-s", "0", str(path), **more).stdout.startswith("żółć".encode())
    assert run(home, "export", "-f", "txt", str(path), **more).stdout == "żółć\n".encode()
    assert run(home, "list", **more).returncode == 0


def complete(home: Path, line: str) -> list[str]:
    """What bash offers for a command line that ends here."""
    words = line.split(" ")
    script = (
        f'eval "$({sys.executable} -m recordings.capture completion bash)"\n'
        f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}\n"
        f'sortie() {{ {sys.executable} -m recordings.capture "$@"; }}\n'
        '_sortie; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script], env=environment(home), cwd=home, capture_output=True, check=True, text=True
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_options_and_ids(home: Path) -> None:
    run(home, "exec", "--session", "deploy-7", "--end", "localhost", "--", "true")
    assert complete(home, "sortie re") == ["rec", "replay"]
    assert complete(home, "sortie rec --st") == ["--stdin"]
    assert complete(home, "sortie replay de") == ["deploy-7"]
    assert complete(home, "sortie completion f") == ["fish"]
    assert "bash" in complete(home, "sortie rec bas")
    assert complete(home, "sortie help exp") == ["export"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_ones_their_shells_can_read(home: Path, shell: str) -> None:
    script = run(home, "completion", shell).stdout
    for name in cli.COMMANDS:
        assert name.encode() in script
    assert b"require-recording" in script
    if shutil.which(shell):
        check = ["fish", "--no-execute"] if shell == "fish" else [shell, "-n"]
        done = subprocess.run([*check, "/dev/stdin"], input=script, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def test_installed_alone_it_is_the_recorder_and_needs_nothing(home: Path, tmp_path: Path) -> None:
    target, source = tmp_path / "venv", tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "recordings/__init__.py", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    shutil.copytree(CAPTURE, source / "recordings" / "capture", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", tmp_path, source], check=True)
    [wheel] = tmp_path.glob("sortie-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", target], check=True)
    subprocess.run([*pip, f"--python={target}", "install", "--no-index", wheel], check=True)
    variables = environment(home)
    del variables["PYTHONPATH"]
    command = [str(target / "bin" / "sortie"), "rec", "-q", "--", "sh", "-c", "exit 3"]
    assert subprocess.run(command, env=variables, cwd=home, check=False).returncode == 3
    listed = subprocess.run([target / "bin" / "python", "-c", LISTED], capture_output=True, check=True, text=True)
    assert listed.stdout.split() == ["sortie"]
    assert os.listdir(home / ".sortie") == ["recordings"]


LISTED = "import importlib.metadata as m; print(*sorted(d.metadata['Name'] for d in m.distributions()))"


def test_the_module_runs_as_the_command_does(home: Path) -> None:
    assert run(home, "--version").stdout == subprocess.run(
        [*SORTIE, "--version"], cwd=ROOT, capture_output=True, check=True
    ).stdout  # fmt: skip
