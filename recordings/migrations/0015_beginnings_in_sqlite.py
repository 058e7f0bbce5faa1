from typing import Any

from django.db import migrations

# As 0013 makes it, with an index of the first three letters of each word: without it SQLite puts all words with the
# same beginning together whenever one is looked for, which takes the longer the fewer letters it has.
MADE = "CREATE VIRTUAL TABLE recordings_words_new USING fts5 (words, tokenize = 'ascii', columnsize = 0{})"
IN_ITS_PLACE = (
    "INSERT INTO recordings_words_new (rowid, words) SELECT rowid, words FROM recordings_words",
    # Which names the table, and would keep it from being renamed.
    "DROP TRIGGER passage_words_go",
    "DROP TABLE recordings_words",
    "ALTER TABLE recordings_words_new RENAME TO recordings_words",
    "CREATE TRIGGER passage_words_go AFTER DELETE ON recordings_passage"
    " BEGIN DELETE FROM recordings_words WHERE rowid = old.id; END",
)


def make_anew(editor: Any, options: str) -> None:
    if editor.connection.vendor == "sqlite":
        for statement in (MADE.format(options), *IN_ITS_PLACE):
            editor.execute(statement)


def with_beginnings(apps: Any, editor: Any) -> None:
    make_anew(editor, ", prefix = '3'")


def without(apps: Any, editor: Any) -> None:
    make_anew(editor, "")


class Migration(migrations.Migration):

    dependencies = [
        ('recordings', '0014_segments'),
    ]

    operations = [
        migrations.RunPython(with_beginnings, without),
    ]
