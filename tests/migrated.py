"""Makes a database as it was before anything could be searched, fills it, and brings it up to date.

`python -m tests.migrated TITLE ...`, in the environment of a portal whose database is empty. There is a recording
of each title, every other one of a terminal. The answer is JSON: what can be found, and what is still to be read.
"""

import json
import sys
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  (settings first)
from django.db.migrations.executor import MigrationExecutor  # noqa: E402
from django.utils import timezone  # noqa: E402

BEFORE = "0012_export_casts"
READY = {"status": "ready", "storage_key": "k", "sha256": "s", "size_bytes": 1}


def brought_to(*targets: tuple[str, str]) -> Any:
    """The models there are, once the database is as it is after these migrations; after all without any."""
    executor = MigrationExecutor(connection)
    wanted: Any = targets or executor.loader.graph.leaf_nodes()
    executor.migrate(wanted)
    return MigrationExecutor(connection).loader.project_state(wanted).apps


def fill(apps: Any, titles: list[str]) -> None:
    models = {name: apps.get_model("recordings", name).objects for name in ("User", "Session", "Recording", "Tag")}
    owner = models["User"].create(username="alice")
    session = models["Session"].create(owner=owner, app_id="firefox", title="Friday's", target="10.0.4.17:5900")
    for number, title in enumerate(titles):
        facts = {"kind": "terminal" if number % 2 else "video", "completed_at": timezone.now(), **READY}
        one = models["Recording"].create(owner=owner, session=session, title=title, notes="One\nÉtude", **facts)
        models["Tag"].create(recording=one, name="audit")


def found() -> dict[str, Any]:
    from recordings.models import Job, Passage
    from recordings.search.lines import unpacked

    passages = Passage.objects.select_related("recording")
    return {
        "lines": {one.recording.title: unpacked(one.lines).own for one in passages},
        "words": {one.recording.title: words_of(one) for one in passages},
        "jobs": sorted(job.recording.title for job in Job.objects.filter(kind="text").select_related("recording")),
    }


def words_of(passage: Any) -> list[str]:
    """The words of a passage in their order, as the database has them."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT words FROM recordings_words WHERE rowid = %s", [passage.pk])
            return str(cursor.fetchone()[0]).split()
        places = "recordings_passage, unnest(words), unnest(positions) place"
        cursor.execute(f"SELECT lexeme FROM {places} WHERE id = %s ORDER BY place", [passage.pk])
        return [word for (word,) in cursor.fetchall()]


if __name__ == "__main__":
    fill(brought_to(("recordings", BEFORE)), sys.argv[1:])
    brought_to()
    print(json.dumps(found()))
