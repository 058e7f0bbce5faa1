"""Pages and searches among very many recordings, and among a thousand; searches in transcripts, in both databases.

Rows and words are seeded (`tests.seed`), in PostgreSQL and, a fifth as many transcripts, in SQLite. Every page is
asked for by Django's test client in a process of its own (`asker`). With `--full` there are a million recordings,
and 100,000 transcripts, which takes some five minutes to fill, and 10 GB.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from tests.bench.child import Child
from tests.bench.portal import environment_for
from tests.bench.report import percentiles
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample
from tests.services import Postgres

FEW = 1_000
MANY, FULL = 100_000, 1_000_000
TRANSCRIPTS = 10  # recordings for each
SQLITE = 5  # transcripts in PostgreSQL for each in SQLite
TIMES, ROUNDS = 20, 3
TOGETHER, SLOWEST = "all pages, p95 ms", "the slowest page, p95 ms"
Pages = dict[str, tuple[str, str]]

ADMIN = "/admin/recordings/recording/"
PAGES: Pages = {
    "newest page": ("admin", "/api/admin/recordings"),
    "filtered page": ("admin", "/api/admin/recordings?kind=terminal&status=ready&limit=20"),
    "page 1,000": ("admin", "/api/admin/recordings?cursor={deep}"),
    "library": ("owner", "/"),
    "start page": ("admin", "/admin/"),
    "admin list": ("admin", ADMIN),
    "admin search": ("admin", f"{ADMIN}?q=invoices"),
    "admin search, person": ("admin", f"{ADMIN}?q=seeded-7"),
    "admin search, no hit": ("admin", f"{ADMIN}?q=nowhere"),
}
SEARCHES: Pages = {
    "common word": ("owner", "/api/search?q=connection"),
    "common in titles": ("owner", "/api/search?q=payroll"),
    "rare word": ("owner", "/api/search?q={rare}"),
    "no hit": ("owner", "/api/search?q=nowhere-at-all"),
    "two words": ("owner", "/api/search?q=kubectl+certificate"),
    "phrase": ("owner", "/api/search?q=%22kubectl+error%22"),
    "words that never meet": ("owner", "/api/search?q=%22error+payroll%22"),
}


def contests(bench: Bench) -> Iterator[Contest]:
    many = FULL if bench.full else MANY
    with ExitStack() as stack:
        server = stack.enter_context(Postgres())

        def asker(name: str, **environment: str) -> Child:
            folder = environment_for(bench.new_folder(name))
            return stack.enter_context(Child("tests.bench.asker", environment=folder | environment))

        small, large = (asker(name, DATABASE_URL=server.create_database(name)) for name in ("few", "many"))
        for child, recordings in ((small, FEW), (large, many)):
            built = child.ask(make=True, recordings=recordings, transcripts=recordings // TRANSCRIPTS)
        yield _against_few(many, small, large)
        sqlite, transcripts = asker("sqlite"), many // TRANSCRIPTS // SQLITE
        built_in_sqlite = sqlite.ask(make=True, recordings=transcripts, transcripts=transcripts)
        yield Contest(
            "Searching in transcripts of 20 KB",
            [*_metrics(SEARCHES), Metric("index made of all, s", higher_is_better=False)],
            [
                _searching(f"PostgreSQL, {many // TRANSCRIPTS:,}", large, built["indexed_in"]),
                _searching(f"SQLite, {transcripts:,}", sqlite, built_in_sqlite["indexed_in"]),
            ],
            rounds=ROUNDS,
        )


def _against_few(many: int, small: Child, large: Child) -> Contest:
    pages = PAGES | {f"search, {name}": page for name, page in SEARCHES.items()}
    name = f"{many:,}"
    return Contest(
        f"Pages of {name} recordings",
        [
            *_metrics(pages, aims={name: 2}),
            Metric(TOGETHER, higher_is_better=False, aims={name: 2}),
            Metric(SLOWEST, higher_is_better=False, aims={name: 150}, absolute=True),
        ],
        [Entrant(f"{FEW:,}", lambda: _asked(small, pages)), Entrant(name, lambda: _asked(large, pages))],
        reference=f"{FEW:,}",
        rounds=ROUNDS,
    )


def _metrics(pages: Pages, aims: dict[str, float] | None = None) -> Sequence[Metric]:
    return [
        metric
        for name in pages
        for metric in (
            Metric(f"{name}, p50 ms", higher_is_better=False),
            Metric(f"{name}, p95 ms", higher_is_better=False, aims=aims or {}, told=False),
        )
    ]


def _searching(name: str, child: Child, indexed_in: float) -> Entrant:
    return Entrant(name, lambda: {**_asked(child, SEARCHES), "index made of all, s": indexed_in})


def _asked(child: Child, pages: Pages) -> Sample:
    sample: dict[str, float] = {}
    for name, (by, address) in pages.items():
        taken = percentiles(child.ask(by=by, address=address, times=TIMES)["taken"])
        sample |= {f"{name}, p50 ms": taken["p50"], f"{name}, p95 ms": taken["p95"]}
    slow = [value for name, value in sample.items() if "p95" in name]
    return sample | {TOGETHER: sum(slow), SLOWEST: max(slow)}
