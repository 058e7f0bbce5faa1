"""Putting a recording of 1 GB away, from sealed bytes in staging to `ready`, against one sequential read of it.

Both with the file in the page cache, as it is right after an upload, and with a cold one.
"""

from collections.abc import Iterator

from tests.bench import material
from tests.bench.child import Child
from tests.bench.portal import environment_for, set_up
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample

FINISH, READ = "finish", "one sequential read"
MEGABYTES = 1000
AIM = 1.5


def contests(bench: Bench) -> Iterator[Contest]:
    folder = bench.new_folder("portal")
    set_up(folder)
    file = material.recording(bench.folder, MEGABYTES)
    with Child("tests.bench.finisher", str(file), environment=environment_for(folder)) as child:
        for temperature in ("cold", "warm"):
            yield Contest(
                f"Finish of a {MEGABYTES} MB recording, {temperature} cache",
                [Metric("seconds", higher_is_better=False, aims={FINISH: AIM})],
                [_entrant(child, FINISH, temperature), _entrant(child, READ, temperature)],
                reference=READ,
            )


def _entrant(child: Child, name: str, temperature: str) -> Entrant:
    what = "finish" if name == FINISH else "read"

    def run() -> Sample:
        return {"seconds": child.ask(what=what, cold=temperature == "cold")["seconds"]}

    return Entrant(name, run, prepare=material.settle)
