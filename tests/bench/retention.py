"""The end of very many recordings: objects deleted in an S3 bucket, and retention with all that goes with it.

Each time the bucket is filled anew, and for retention PostgreSQL with as many recordings, older than their limit.
First the requests alone: one for each object, sent by the client that Sortie's store has, beside what the store
does instead, confirmation included. Then what Sortie's jobs do, hide, purge and confirm, with rows, words and audit
log, one recording after the other and as it is. With `--full` it is 100,000 once, of which few go one by one.
"""

from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.child import Child
from tests.bench.portal import environment_for
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample
from tests.services import Postgres, S3Server

FEW, MANY = 2_000, 100_000
OBJECTS, RECORDINGS = 5_000, 500  # at most, one by one
RATE, CPU = "a second", "client's CPU, ms each"
ONE_BY_ONE, BATCHES = "one by one", "in batches"


def contests(bench: Bench) -> Iterator[Contest]:
    count, rounds = (MANY, 1) if bench.full else (FEW, None)
    with ExitStack() as stack:
        server, bucket = stack.enter_context(Postgres()), stack.enter_context(S3Server())
        environment = environment_for(bench.new_folder("portal")) | bucket.environment()
        environment |= {
            "DATABASE_URL": server.create_database("retention"),
            "SORTIE_RECORDING_RETENTION_DAYS": "30",
        }
        child = stack.enter_context(Child("tests.bench.retainer", environment=environment))
        child.ask(what="migrate")
        yield Contest(
            f"Deleting {count:,} objects in S3",
            [
                Metric(RATE, higher_is_better=True, aims={BATCHES: 5}),
                Metric(CPU, higher_is_better=False, aims={BATCHES: 1 / 20}),
            ],
            [
                _entrant(child, ONE_BY_ONE, "delete", min(count, OBJECTS), slowly=True),
                _entrant(child, BATCHES, "delete", count),
            ],
            reference=ONE_BY_ONE,
            rounds=rounds,
        )
        yield Contest(
            f"Retention of {count:,} recordings in S3 and PostgreSQL",
            [Metric(RATE, higher_is_better=True, aims={BATCHES: 5}), Metric(CPU, higher_is_better=False)],
            [
                _entrant(child, ONE_BY_ONE, "end", min(count, RECORDINGS), slowly=True),
                _entrant(child, BATCHES, "end", count),
            ],
            reference=ONE_BY_ONE,
            rounds=rounds,
        )


def _entrant(child: Child, name: str, what: str, count: int, *, slowly: bool = False) -> Entrant:
    def prepare() -> None:
        child.ask(what="fill", count=count, rows=what == "end")

    def run() -> Sample:
        taken = child.ask(what=what, slowly=slowly)
        return {RATE: count / taken["seconds"], CPU: taken["cpu"] * 1000 / count}

    return Entrant(name, run, prepare)
