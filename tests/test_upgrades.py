"""Old processes work on with the database of the next release: what migrations may do, and what old code can."""

import ast
import json
import re
import subprocess
import sys
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recordings.migrations._in_place import AddIndexInPlace
from tests.bench.portal import environment_for
from tests.environment import PROFILE, servers
from tests.upgrades import complaints

ROOT = Path(__file__).resolve().parents[1]
MIGRATIONS = ROOT / "recordings" / "migrations"

# The last migration of each release, by the version in CHANGELOG.md. Those behind the last one here must be safe
# for its processes. Nothing is released so far: what was there when this was first looked at counts as one.
LAST_OF = {"Unreleased": "0014_segments"}
# What is not, with the reason why it does no harm all the same.
EXCUSED: dict[str, str] = {
    (
        "0015_beginnings_in_sqlite: Raw Python operation: what it writes stays locked until the migration ends;"
        " have a job do it, or batches of their own"
    ): "It writes nothing to PostgreSQL, and SQLite's processes are those of one machine.",
}


def loader() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)


def state_after(name: str) -> Any:
    return loader().project_state([("recordings", name)])


def names() -> list[str]:
    return sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))


def known(name: str) -> set[str]:
    """The models there were after a migration."""
    return {model for app, model in state_after(name).models if app == "recordings"}


BASE = next(reversed(LAST_OF.values()))


# --- what migrations may do -----------------------------------------------------------------------------------


def test_every_release_says_where_it_ended() -> None:
    versions = re.findall(r"^## \[?(\d[^\]\s]*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert set(versions) <= set(LAST_OF)
    assert set(LAST_OF.values()) <= set(names())


def test_migrations_depend_on_no_code_that_changes() -> None:
    for path in MIGRATIONS.glob("[0-9]*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            ours = [name for name in found if name.split(".")[0] in ("recordings", "sortie")]
            assert set(ours) <= {"recordings.migrations._in_place"}, path.name


@pytest.mark.django_db
def test_migrations_since_the_last_release_are_safe_for_its_processes() -> None:
    graph, old = loader(), known(BASE)
    for name in names()[names().index(BASE) + 1 :]:
        migration = graph.get_migration("recordings", name)
        before = graph.project_state(migration.dependencies)
        for complaint in complaints(migration, before, old):
            assert f"{name}: {complaint}" in EXCUSED


def with_index(**more: Any) -> models.Index:
    return models.Index(fields=["title"], name="by_title", **more)


BAD: dict[str, Any] = {
    "a column goes": migrations.RemoveField("recording", "notes"),
    "a column is renamed": migrations.RenameField("recording", "notes", "remarks"),
    "a table goes": migrations.DeleteModel("Tag"),
    "a table is renamed": migrations.RenameModel("Tag", "Label"),
    "a table is called otherwise": migrations.AlterModelTable("tag", "labels"),
    "a column that must be written": migrations.AddField("recording", "stars", models.IntegerField(default=0)),
    "a table written anew": migrations.AddField("recording", "seen", models.DateTimeField(db_default=Now())),
    "an index with its column": migrations.AddField("recording", "ref", models.CharField(null=True, db_index=True)),
    "a reference with its index": migrations.AddField(
        "recording", "twin", models.ForeignKey("recordings.Recording", models.SET_NULL, null=True)
    ),
    "a shorter text": migrations.AlterField("recording", "title", models.CharField(max_length=20, blank=True)),
    "null no more": migrations.AlterField("recording", "size_bytes", models.BigIntegerField(default=0)),
    "null from now on": migrations.AlterField("recording", "title", models.CharField(max_length=200, null=True)),
    "an index that locks": migrations.AddIndex("recording", with_index()),
    "a rule": migrations.AddConstraint(
        "recording", models.CheckConstraint(condition=~models.Q(title=""), name="has_title")
    ),
    "one of each": migrations.AddConstraint(
        "recording", models.UniqueConstraint(fields=["title"], name="title_once")
    ),
    "a rule that goes": migrations.RemoveConstraint("tag", "tag_once"),
    "rows in one transaction": migrations.RunPython(migrations.RunPython.noop),
    "who knows what": migrations.RunSQL("SELECT 1"),
    "hidden": migrations.SeparateDatabaseAndState([migrations.RemoveField("recording", "notes")], []),
    "in place, in a transaction": AddIndexInPlace("recording", with_index()),
    "what old code cannot delete": migrations.CreateModel(
        "Badge",
        [
            ("id", models.AutoField(primary_key=True)),
            ("user", models.ForeignKey("recordings.User", models.CASCADE)),
        ],
    ),
}
GOOD: dict[str, Any] = {
    "a column that may be empty": migrations.AddField("recording", "stars", models.IntegerField(null=True)),
    "a column the database fills": migrations.AddField("recording", "stars", models.IntegerField(db_default=0)),
    "a table": migrations.CreateModel("Badge", [("id", models.AutoField(primary_key=True))]),
    "a table of recordings'": migrations.CreateModel(
        "Badge", [("recording", models.OneToOneField("recordings.Recording", models.CASCADE, primary_key=True))]
    ),
    "other words": migrations.AlterField(
        "recording", "title", models.CharField(max_length=200, blank=True, help_text="Its name.")
    ),
    "a longer text": migrations.AlterField("recording", "title", models.CharField(max_length=300, blank=True)),
    "an order": migrations.AlterModelOptions("recording", {"ordering": ["title"]}),
    "an index that goes": migrations.RemoveIndex("recording", "recording_kind"),
}


def made_of(*operations: Any, atomic: bool = True) -> migrations.Migration:
    kind = type("Migration", (migrations.Migration,), {"operations": list(operations), "atomic": atomic})
    made: migrations.Migration = kind("0000_tried", "recordings")
    return made


@pytest.mark.django_db
@pytest.mark.parametrize("what", BAD)
def test_what_breaks_old_code_is_seen(what: str) -> None:
    assert complaints(made_of(BAD[what]), state_after("0014_segments"), known("0014_segments"))


@pytest.mark.django_db
@pytest.mark.parametrize("what", GOOD)
def test_what_does_not_is_let_pass(what: str) -> None:
    assert complaints(made_of(GOOD[what]), state_after("0014_segments"), known("0014_segments")) == []


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["rows in one transaction", "in place, in a transaction"])
def test_some_of_it_does_outside_of_a_transaction(what: str) -> None:
    migration = made_of(BAD[what], atomic=False)
    assert complaints(migration, state_after("0014_segments"), known("0014_segments")) == []


@pytest.mark.django_db
def test_to_what_is_new_anything_may_be_done() -> None:
    migration = made_of(
        GOOD["a table"], migrations.AddField("badge", "name", models.CharField(default="", unique=True))
    )
    assert complaints(migration, state_after("0014_segments"), known("0014_segments")) == []


# --- what old code can do afterwards --------------------------------------------------------------------------


class Old:
    """Code of the state after a migration: it writes, changes and reads rows of every table it knows."""

    def __init__(self, name: str) -> None:
        self._models: Any = state_after(name).apps.get_app_config("recordings").get_models()
        self._rows: dict[Any, Any] = {}

    def work(self) -> None:
        for model in self._models:
            row = self._row(model)
            with transaction.atomic():
                values = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
                rows = model._base_manager.filter(pk=row.pk)
                del values[model._meta.pk.attname]
                assert rows.update(**values) == 1
                assert list(rows) == [row]
        connection.check_constraints()

    def _row(self, model: Any) -> Any:
        if model not in self._rows:
            needed = [field for field in model._meta.concrete_fields if not (field.has_default() or field.null)]
            values = {field.name: self._value(field) for field in needed if not isinstance(field, models.AutoField)}
            with transaction.atomic():
                self._rows[model] = model._base_manager.create(**values)
        return self._rows[model]

    def _value(self, field: Any) -> Any:
        if field.is_relation:
            return self._row(field.related_model)
        match field:
            case models.DateTimeField():
                return timezone.now()
            case models.DateField():
                return date(2026, 6, 1)
            case models.UUIDField():
                return uuid.uuid4()
            case models.JSONField():
                return {}
            case models.BinaryField():
                return b""
            case models.BooleanField():
                return False
            case models.IntegerField() | models.FloatField():
                return 1
            case _:
                return field.choices[0][0] if field.choices else uuid.uuid4().hex[: field.max_length]


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted({BASE, names()[-2]}))
def test_code_of_before_works_with_todays_database(name: str) -> None:
    Old(name).work()


@pytest.mark.only("many")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "what", ["a column goes", "a column is renamed", "a table is renamed", "a column that must be written"]
)
def test_code_of_before_does_not_with_one_that_breaks_it(what: str) -> None:
    change(BAD[what])
    with pytest.raises(DatabaseError):
        Old("0014_segments").work()


@pytest.mark.only("many")
@pytest.mark.django_db
@pytest.mark.parametrize("what", ["a column the database fills", "a column that may be empty", "a longer text"])
def test_code_of_before_does_with_one_that_does_not(what: str) -> None:
    change(GOOD[what])
    Old("0014_segments").work()


@pytest.mark.django_db(transaction=True)
def test_an_index_is_made_in_place() -> None:
    made = AddIndexInPlace("recording", with_index())
    before = state_after(names()[-1])
    after = before.clone()
    made.state_forwards("recordings", after)
    with CaptureQueriesContext(connection) as asked:
        for step, states in ((made.database_forwards, (before, after)), (made.database_backwards, (after, before))):
            with connection.schema_editor(atomic=False) as editor:
                step("recordings", editor, *states)
    statements = [query["sql"] for query in asked if "by_title" in query["sql"]]
    assert len(statements) == 2
    assert all("CONCURRENTLY" in sql for sql in statements) == (connection.vendor == "postgresql")


def change(operation: Any) -> None:
    before = state_after("0014_segments")
    after = before.clone()
    operation.state_forwards("recordings", after)
    with connection.schema_editor() as editor:
        operation.database_forwards("recordings", editor, before, after)


# --- what is there already ------------------------------------------------------------------------------------


WIDE = "Café \uff24\uff22"
TITLES = ("Payroll 2026-11", WIDE, "日本語 re-deploy", "ไทย", "***")


def test_what_was_there_before_is_found_once_it_can_be(tmp_path: Path) -> None:
    environment = environment_for(tmp_path)
    if PROFILE == "many":
        environment["DATABASE_URL"] = servers().postgres.create_database("upgraded")
    command = [sys.executable, "-m", "tests.migrated", *TITLES]
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    about = [[1, "One"], [1, "Étude"], [2, "audit"], [3, "Friday's"], [3, "firefox"], [4, "10.0.4.17:5900"]]
    words = ["one", "étude", "audit", "friday", "s", "firefox", "10", "0", "4", "17", "5900"]
    assert found["lines"] == {title: [[0, title], *about] for title in TITLES}
    assert found["words"] == {
        "Payroll 2026-11": ["payroll", "2026", "11", *words],
        WIDE: ["café", "db", *words],
        "日本語 re-deploy": ["日", "本", "語", "re", "deploy", *words],
        "ไทย": ["ไ", "ท", "ย", *words],
        "***": words,
    }
    assert found["jobs"] == [WIDE, "ไทย"]
