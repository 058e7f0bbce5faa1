"""The portal as its real processes, on a database and a store of its own, with the cast as its users.

    single  the web process does everything                     SQLite, local disk
    many    web, worker and beat, each a process of its own     PostgreSQL, S3, Redis

Either has a live process too where a test asks for it.

Run as a program, it makes the cast in the database that the environment names.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests import environment
from tests.services import Redis, Server, free_ports, is_open

ROOT = Path(__file__).resolve().parent.parent
ADMIN, USERS = "ada", ("alice", "bob")
PROBE_PORT = "SORTIE_PROBE_PORT"


def password_of(name: str) -> str:
    return f"{name}-and-a-long-password"


class Process(Server):
    """One of the portal's own programs."""

    def __init__(self, name: str, command: list[str], variables: dict[str, str], ready: Callable[[], bool]) -> None:
        self.name = name
        super().__init__()
        self._command, self.variables, self._ready = command, variables, ready

    def start(self) -> None:
        self.launch(self._command, self.variables, self._ready)


@dataclass
class Portal:
    """A running portal. `processes` are its programs by name: web, and worker and beat where they are apart."""

    url: str
    variables: dict[str, str]
    processes: dict[str, Process] = field(default_factory=dict)
    redis: Redis | None = None

    @property
    def data(self) -> Path:
        return Path(self.variables["SORTIE_DATA"])

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints. Raises RuntimeError with its complaint if it fails."""
        return run_python(self.variables, "manage.py", *arguments)

    def client(self, name: str) -> httpx.Client:
        """The API as `name`, one of the cast, sees it."""
        answer = httpx.post(
            f"{self.url}/api/auth/login", json={"username": name, "password": password_of(name)}, timeout=30
        )
        token = answer.raise_for_status().json()["access_token"]
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def probes(self) -> dict[str, str]:
        """Where each of its programs can be asked how it is."""
        found = {"web": self.url, "live": f"http://127.0.0.1:{self.variables['SORTIE_LIVE_PORT']}"}
        for name, process in self.processes.items():
            if PROBE_PORT in process.variables:
                found[name] = f"http://127.0.0.1:{process.variables[PROBE_PORT]}"
        return {name: found[name] for name in self.processes}

    def logs(self) -> str:
        """What its programs have said."""
        return "".join(f"--- {name}\n{one.log.read_text(errors='replace')}" for name, one in self.processes.items())


def running(profile: str = environment.PROFILE, **settings: str) -> AbstractContextManager[Portal]:
    """A portal of its own, with `settings` in its environment. Prints what it said if the test fails."""
    return _running(profile, settings, live=False)


def running_live(profile: str = environment.PROFILE, **settings: str) -> AbstractContextManager[Portal]:
    """The same with a live process, for WebSockets."""
    return _running(profile, settings, live=True)


@contextmanager
def _running(profile: str, settings: Mapping[str, str], *, live: bool) -> Iterator[Portal]:
    with ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="sortie-portal-", ignore_cleanup_errors=True)
        )
        port, live_port = free_ports(2)
        portal = Portal(f"http://127.0.0.1:{port}", _variables(Path(folder), port, live_port))
        if profile == "many":
            portal.redis = stack.enter_context(Redis())
            portal.variables |= _own_parts(portal.redis)
        else:
            portal.variables["SORTIE_IN_PROCESS_WORKER"] = "true"
        portal.variables |= settings
        run_python(portal.variables, "-m", "tests.portal")
        portal.processes = _programs(portal, profile)
        if not live:
            del portal.processes["live"]
        for process in portal.processes.values():
            stack.enter_context(process)
        try:
            yield portal
        except BaseException:
            print(portal.logs())
            raise


def _variables(folder: Path, port: int, live_port: int) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "sortie.settings",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SORTIE_ADMIN_PASSWORD": password_of(ADMIN),
        "SORTIE_ADMIN_USERNAME": ADMIN,
        "SORTIE_DATA": str(folder / "data"),
        "SORTIE_HTTPS": "false",
        "SORTIE_LIVE_PORT": str(live_port),
        "SORTIE_LIVE_URL": f":{live_port}",
        "SORTIE_RECORDING_STORAGE_PATH": "recordings",
        "SORTIE_TERMINAL_RECORDING_ENABLED": "true",
        "SORTIE_VIDEO_RECORDING_ENABLED": "true",
    }


def _own_parts(redis: Redis) -> dict[str, str]:
    """A database, a prefix in the bucket and a broker that no other portal uses."""
    servers = environment.servers()
    name = f"portal_{secrets.token_hex(4)}"
    return {
        **servers.environment(),
        "DATABASE_URL": servers.postgres.create_database(name),
        "REDIS_URL": redis.url,
        "SORTIE_RECORDING_S3_PREFIX": f"{name}/",
    }


def _programs(portal: Portal, profile: str) -> dict[str, Process]:
    def program(name: str, *arguments: str, ready: Callable[[Process], bool], **settings: str) -> Process:
        variables = portal.variables | settings | {"PYTHONPATH": str(ROOT)}
        made = Process(name, [sys.executable, *arguments], variables, lambda: ready(made))
        return made

    web = program("web", "-m", "sortie.web", ready=lambda _: _answers(portal.url))
    live_port = int(portal.variables["SORTIE_LIVE_PORT"])
    live = program("live", "-m", "sortie.live", ready=lambda _: is_open(live_port))
    if profile == "single":
        return {"web": web, "live": live}
    celery = ("-m", "celery", "-A", "sortie")
    ports = [{PROBE_PORT: str(port)} for port in free_ports(2)]
    worker = program("worker", *celery, "worker", ready=lambda it: "[queues]" in it.log.read_text(), **ports[0])
    beat = program("beat", *celery, "beat", ready=lambda it: "is starting" in it.log.read_text(), **ports[1])
    return {"web": web, "live": live, "worker": worker, "beat": beat}


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/login", timeout=10).status_code < 500
    except httpx.TransportError:
        return False


def run_python(variables: dict[str, str], *arguments: str) -> str:
    """What a program of ours prints. Raises RuntimeError with all it said if it fails."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def _make_cast() -> None:
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from recordings.models import User  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("create_first_admin", verbosity=0)
    for name in USERS:
        # In a database that was restored they are.
        if not User.objects.filter(username=name).exists():
            User.objects.create_user(name, password=password_of(name))


if __name__ == "__main__":
    _make_cast()
