"""The rules of ARCHITECTURE.md, held against the source."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.only("single")

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "recordings"

EDGES = ("api", "views", "admin", "tasks", "live", "mcp_server", "management", "templatetags", "urls")
# Modules that Django or Celery look up by name; they wire edges to the rest.
WIRING = ("apps", "checks")
FOUNDATION = ("models", "querysets", "permissions")
WRITES = {
    *("save", "create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "delete"),
    *("asave", "acreate", "aupdate", "adelete", "add", "set", "remove", "clear"),
}
"""What managers, querysets, rows and related managers write by."""
NOT_ROWS = {"_shown", "encryptor", "self._closed"}
"""Things with methods of such a name that have nothing to do with the database."""
LIBRARIES = {
    # Programs of their own, which ask for libraries only once they run.
    "recordings.media.pictures": {"av", "PIL"},
    "recordings.media.terminal": {"av", "avt", "PIL"},
    # Faster where it is installed, and not needed.
    "recordings.media.asciicast.packing": {"isal"},
}
"""What formats may use besides the standard library, by module or package."""
OBJECT_STORES = {"boto3", "botocore", "storages"}
OPENERS = {"open", "read_bytes", "write_bytes", "read_text", "write_text", "unlink", "rename", "replace", "rmtree"}
MOST_LINES, MOST_FUNCTION_LINES = 400, 60


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def part_of(module: str) -> str:
    """`api` for `recordings.api.urls`; empty for what is not in the app, and for the app itself."""
    names = module.split(".")
    return names[1] if names[0] == "recordings" and len(names) > 1 else ""


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Full names of what a file imports, those under TYPE_CHECKING and inside functions too."""
    package = module_of(path).split(".") if path.name == "__init__.py" else module_of(path).split(".")[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, [base, node.module]))
            # Of `from recordings import jobs` the part is only seen with the name behind it.
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def app_files() -> list[Path]:
    return sources("recordings")


def show(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_the_app_itself_is_empty_so_that_the_recorder_needs_no_django() -> None:
    assert (APP / "__init__.py").read_text() == ""


def libraries(module: str) -> set[str]:
    return {name for place, names in LIBRARIES.items() if f"{module}.".startswith(f"{place}.") for name in names}


@pytest.mark.parametrize("part", ["media", "capture"])
def test_formats_and_recorder_use_the_standard_library_and_themselves(part: str) -> None:
    foreign = {
        f"{module_of(path)}: {name}"
        for path in sources(f"recordings/{part}")
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names | libraries(module_of(path))
        and not name.startswith(f"recordings.{part}")
    }
    assert not foreign


def test_the_recorder_and_the_formats_work_where_django_is_not_installed() -> None:
    modules = [module_of(path) for part in ("media", "capture") for path in sources(f"recordings/{part}")]
    program = (
        "import importlib, sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] not in sys.stdlib_module_names | {'recordings'}:\n"
        "            raise ImportError(f'{name} is not installed')\n"
        "sys.meta_path.insert(0, Without())\n"
        f"for name in {modules}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"])
    assert done.returncode == 0
    assert modules


def test_stages_never_import_edges() -> None:
    wrong = [
        f"{module_of(path)} imports {name}"
        for path in app_files()
        if part_of(module_of(path)) not in (*EDGES, *WIRING)
        for name in imports(path)
        if part_of(name) in EDGES
    ]
    assert not wrong


def test_the_foundation_knows_only_itself() -> None:
    wrong = [
        f"{module_of(path)} imports {name}"
        for path in app_files()
        if part_of(module_of(path)) in FOUNDATION
        for name in imports(path)
        if part_of(name) and part_of(name) not in FOUNDATION
    ]
    assert not wrong


def test_storage_knows_no_stage_and_no_row() -> None:
    wrong = [
        f"{module_of(path)} imports {name}"
        for path in app_files()
        if part_of(module_of(path)) == "storage"
        for name in imports(path)
        if part_of(name) not in ("", "storage")
    ]
    assert not wrong


def test_nothing_in_the_app_imports_the_wiring() -> None:
    wrong = [
        f"{module_of(path)} imports {name}"
        for path in app_files()
        for name in imports(path)
        if name.startswith("sortie")
    ]
    assert not wrong


def calls(path: Path) -> Iterator[tuple[ast.Call, str, str]]:
    """Calls, with the name of what is called and the source of what it is called on."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func.attr, ast.unparse(node.func.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node, node.func.id, ""


def aliases(path: Path) -> dict[str, str]:
    """What imported names stand for."""
    return {name.split(".")[-1]: name for name in imports(path)}


def test_edges_never_write_through_the_orm() -> None:
    wrong = []
    for path in app_files():
        if part_of(module_of(path)) not in EDGES:
            continue
        named = aliases(path)
        for call, name, owner in calls(path):
            # A stage's own function may be called `delete`; what it is called on is then a module, no row.
            asks_a_stage = part_of(named.get(owner, "")) not in ("", *FOUNDATION)
            if name in WRITES and owner and owner not in NOT_ROWS and not asks_a_stage:
                wrong.append(f"{module_of(path)}:{call.lineno} {owner}.{name}()")
    assert not wrong


def test_only_storage_and_staging_touch_files_and_buckets() -> None:
    wrong = []
    for path in app_files():
        module = module_of(path)
        # The recorder's files are on another machine, importers read those of other programs, where an operator
        # points; formats are handed open files.
        if part_of(module) in ("storage", "capture") or {"staging", "importers"} & set(module.split(".")):
            continue
        wrong += [f"{module} imports {name}" for name in imports(path) if name.split(".")[0] in OBJECT_STORES]
        for call, name, owner in calls(path):
            of_a_file = name != "replace" or (owner and len(call.args) == 1 and not call.keywords)
            # What it is given is open already.
            handed_over = ast.unparse(call).startswith(("av.open(source, ", "av.open(sink, "))
            if name in OPENERS and of_a_file and not handed_over:
                wrong.append(f"{module}:{call.lineno} {owner}.{name}()")
    assert not wrong


def test_every_module_can_be_the_first_to_be_imported() -> None:
    modules = [module_of(path) for path in sources("recordings", "sortie")]
    # One fork for each, with Django's models loaded, as they are before any module of the app is asked for.
    program = (
        "import django, importlib, os, sys\n"
        "django.setup()\n"
        "for name in sys.argv[1:]:\n"
        "    if os.fork() == 0:\n"
        "        importlib.import_module(name)\n"
        "        os._exit(0)\n"
        "    if os.wait()[1]:\n"
        "        print(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *modules], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert len(modules) > 50


def test_files_are_short_enough_to_be_read_at_once() -> None:
    ours = [
        *sources("recordings", "sortie", "tests"),
        *(path for path in (ROOT / "static").rglob("*.js") if "vendor" not in path.parts),
    ]
    assert not [path for path in show(ours) if len((ROOT / path).read_text().splitlines()) > MOST_LINES]


def test_functions_are_short_enough_to_be_read_at_once() -> None:
    long = [
        f"{module_of(path)}.{node.name}"
        for path in sources("recordings", "sortie", "tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    ]
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path
        for path in sources("recordings", "sortie", "tests")
        if path.stat().st_size and not ast.get_docstring(tree(path))
    ]
    assert not show(silent)


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "services", "common", "misc", "lib"}
    assert not show(
        [path for path in sources("recordings", "sortie") if path.stem in drawers or path.parent.name in drawers]
    )


def test_nothing_is_put_off() -> None:
    put_off = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
    files = [
        *sources("recordings", "sortie", "tests"),
        *(ROOT / "static").rglob("*.js"),
        *(ROOT / "templates").rglob("*.html"),
    ]
    assert not show([path for path in files if "vendor" not in path.parts and put_off.search(path.read_text())])


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
