"""What a migration must not do, as processes of the release before run on while it is made, and after it.

They write rows without columns they do not know, read the columns they know, and wait for no lock longer than a
request may take. What would break that is done in two releases: first code that does without, then the migration.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.migrations import Migration, operations
from django.db.migrations.state import ProjectState
from django.db.models import ForeignObject
from django.db.models.expressions import Value
from django.db.models.fields import NOT_PROVIDED

from recordings.migrations._in_place import AddIndexInPlace

HARMLESS = (
    operations.AlterModelOptions,
    operations.AlterModelManagers,
    operations.AlterModelTableComment,
    operations.RenameIndex,
    operations.RemoveIndex,
    # Outside of a transaction.
    operations.RunPython,
    AddIndexInPlace,
)
BREAKING = {
    operations.RemoveField: "old code reads the column",
    operations.RenameField: "old code reads the column by its old name",
    operations.DeleteModel: "old code reads the table",
    operations.RenameModel: "old code reads the table by its old name",
    operations.AlterModelTable: "old code reads the table by its old name",
    operations.RemoveConstraint: "old code relies on it",
    operations.AddConstraint: "old code may write what it forbids, and nobody writes while it is checked",
    operations.AlterUniqueTogether: "old code may write what it forbids, and nobody writes while it is checked",
    operations.AddIndex: "nobody writes to the table while it is made; AddIndexInPlace does without",
    operations.RunSQL: "nothing sees what it does",
}
# Removing rows of these waits for code that knows all that is tied to them (recordings.retention.purge).
WAITS = {"recording"}


def complaints(migration: Migration, before: ProjectState, known: set[str]) -> list[str]:
    """Why the migration is not safe while old code runs; `known` are the models that old code knows."""
    found: list[str] = []
    state = before.clone()
    for operation in migration.operations:
        after = state.clone()
        operation.state_forwards("recordings", after)
        found += [f"{operation.describe()}: {why}" for why in _of(operation, migration, state, after, known)]
        state = after
    return found


def _of(
    operation: Any, migration: Migration, state: ProjectState, after: ProjectState, known: set[str]
) -> Iterator[str]:
    table = getattr(operation, "model_name_lower", None) or getattr(operation, "name_lower", None)
    if type(operation) is operations.SeparateDatabaseAndState:
        for inner in operation.database_operations:
            yield from _of(inner, migration, state, after, known)
    elif type(operation) is operations.CreateModel:
        for _, field in operation.fields:
            yield from _tied(field, known)
    elif table is None or table in known:
        yield from _of_known(operation, migration, state, after, known)


def _of_known(
    operation: Any, migration: Migration, state: ProjectState, after: ProjectState, known: set[str]
) -> Iterator[str]:
    """Of an operation on a table that old code knows, or on nobody knows what."""
    kind = type(operation)
    if kind is operations.RunPython and migration.atomic:
        yield "what it writes stays locked until the migration ends; have a job do it, or batches of their own"
    elif kind is AddIndexInPlace and migration.atomic:
        yield "in a transaction it cannot be made in place"
    elif kind is operations.AddField:
        yield from _tied(operation.field, known)
        yield from _new_column(operation.field)
    elif kind is operations.AlterField:
        if not _is_the_same(operation, state, after):
            yield "old code knows the column as it was"
    elif kind not in HARMLESS:
        yield BREAKING.get(kind, "nothing says that it is safe")


def _tied(field: Any, known: set[str]) -> Iterator[str]:
    """What a new reference does to rows that old code removes."""
    if isinstance(field, ForeignObject) and getattr(field, "db_constraint", True):
        target = _name_of(field.remote_field.model)
        if target in known - WAITS:
            yield f"old code cannot delete a {target} that {field.name or 'the new one'} refers to"


def _name_of(model: Any) -> str:
    """`recording` for a model, or what stands for one: `recordings.Recording`."""
    text = model if isinstance(model, str) else model._meta.label
    return text.rpartition(".")[2].lower()


def _new_column(field: Any) -> Iterator[str]:
    if field.many_to_many:
        return
    default = field.db_default
    if not field.null and default is NOT_PROVIDED:
        yield "old code writes rows without it: it must be null, or have a db_default"
    if default is not NOT_PROVIDED and hasattr(default, "resolve_expression") and not isinstance(default, Value):
        yield "a db_default that is no constant may have the whole table written anew"
    if field.generated:
        yield "the whole table is written anew"
    if field.unique or field.db_index:
        yield "nobody writes to the table while its index is made; make it without, then AddIndexInPlace"


def _is_the_same(operation: Any, state: ProjectState, after: ProjectState) -> bool:
    """Whether nothing changes in the database, or a text may only be longer."""
    was, becomes = (
        each.apps.get_model("recordings", operation.model_name)._meta.get_field(operation.name)
        for each in (state, after)
    )
    editor: Any = connection.schema_editor(collect_sql=True)
    if not editor._field_should_be_altered(was, becomes):
        return True
    lengths = [field.deconstruct()[3].pop("max_length", None) for field in (was, becomes)]
    rest = [
        {name: value for name, value in field.deconstruct()[3].items() if name not in ("max_length", "choices")}
        for field in (was, becomes)
    ]
    longer = None not in lengths and lengths[0] <= lengths[1]
    return longer and type(was) is type(becomes) and rest[0] == rest[1]
