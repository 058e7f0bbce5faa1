"""compose.yaml without Docker: the same commands in the same environment, as plain processes of this machine.

What containers find by name is at ports of 127.0.0.1 here. Where the system lets us, a process also has what a
container has: the user of the image, no capabilities, and nothing to write to but its own folders.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psycopg
import yaml

from tests import image
from tests.services import Postgres, Redis, Server, free_ports, is_open, program

ROOT = Path(__file__).resolve().parent.parent
GIVEN = {
    "SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789",
    "POSTGRES_PASSWORD": "0123456789abcdef",
    "S3_SECRET_KEY": "fedcba9876543210",
    "SORTIE_ADMIN_PASSWORD": "ada-and-a-long-password",
    "SORTIE_METRICS_TOKEN": "0123456789abcdef0123",
}
"""What the operator writes into .env."""
USER = "10001"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
_CONTAINED = """
set -eu
for place in "$@"; do
    [ "$place" = -- ] && break
    mount --bind "$place" "$place"
    shift
done
shift
mount -o remount,bind,ro /
exec setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all "$@"
"""


def services(given: Mapping[str, str] = GIVEN) -> dict[str, Any]:
    """The services of compose.yaml, with variables filled in as Compose does it. KeyError for one it demands."""

    def value(found: re.Match[str]) -> str:
        name, kind, text = found.groups()
        if given.get(name):
            return given[name]
        if kind == "-":
            return str(text)
        raise KeyError(f"{name}: {text}")

    def filled(part: Any) -> Any:
        if isinstance(part, str):
            return _VARIABLE.sub(value, part)
        if isinstance(part, dict):
            return {name: filled(inner) for name, inner in part.items()}
        return [filled(inner) for inner in part] if isinstance(part, list) else part

    read: dict[str, Any] = filled(yaml.safe_load((ROOT / "compose.yaml").read_text()))
    return dict(read["services"])


@cache
def can_contain() -> bool:
    """Whether we may make user and mount namespaces here."""
    with tempfile.TemporaryDirectory() as folder:
        command = contained(["true"], [Path(folder)])
        return subprocess.run(command, capture_output=True).returncode == 0


def contained(command: Sequence[str], writable: Sequence[Path]) -> list[str]:
    """The command with nothing to write to but these folders, as the image's user and without capabilities."""
    unshare = ["unshare", "--user", f"--map-user={USER}", f"--map-group={USER}", "--mount", "--keep-caps"]
    return [*unshare, "sh", "-c", _CONTAINED, "sh", *map(str, writable), "--", *command]


class Container(Server):
    """One service."""

    def __init__(self, name: str, command: list[str], variables: dict[str, str], ready: Callable[[], bool]) -> None:
        self.name = name
        super().__init__()
        self.data, self.temporary = self.folder / "data", self.folder / "tmp"
        for made in (self.data, self.temporary):
            made.mkdir()
        own = {"/data": str(self.data), "/tmp": str(self.temporary)}
        self.variables = {name: own.get(value, value) for name, value in variables.items()}
        self.variables |= {"TMPDIR": str(self.temporary), "PYTHONPATH": str(ROOT)}
        self.command = command
        self._ready = ready

    @property
    def as_run(self) -> list[str]:
        writable = [self.data, self.temporary]
        return contained(self.command, writable) if can_contain() else self.command

    def start(self) -> None:
        self.launch(self.as_run, self.variables, self._ready)

    def run(self) -> str:
        """Run it to its end; what it said. Raises RuntimeError if it fails."""
        done = subprocess.run(self.as_run, cwd=ROOT, env=self.variables, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{self.name} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout


class ObjectStore(Server):
    """The service `s3`, with ports of its own."""

    name = "s3"

    def __init__(self, service: Mapping[str, Any]) -> None:
        super().__init__()
        self._service = service
        self._ports = free_ports(10)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._ports[0]}"

    def start(self) -> None:
        (self.folder / "data").mkdir(exist_ok=True)
        kinds = [(name, kind) for name in ("s3", "master", "filer", "volume", "admin") for kind in ("", ".grpc")]
        ports = [f"-{name}.port{kind}={port}" for (name, kind), port in zip(kinds, self._ports, strict=True)]
        sockets = [f"-{name}.localSocket={self.folder / name}.sock" for name in ("filer", "s3")]
        # Of a flag that is given twice the last one counts.
        here = [f"-dir={self.folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports, *sockets]
        variables = {**self._service["environment"], "GOMEMLIMIT": "300MiB", "HOME": str(self.folder)}
        self.launch([program("weed"), *self._service["command"], *here], variables, self._has_bucket)

    def stop(self) -> None:
        self.kill()

    def _has_bucket(self) -> bool:
        """Whether it answers for the bucket, be it by refusing us, and no longer says that it is starting."""
        try:
            return httpx.head(f"http://{self.address}/sortie", timeout=5).status_code in (200, 403)
        except httpx.TransportError:
            return False


class Nginx(Server):
    """nginx with charts/compose/nginx.conf, with names and places of this machine in it."""

    name = "nginx"

    def __init__(self, hosts: Mapping[str, Sequence[str]], stored: Path | None = None) -> None:
        """`hosts`: the addresses behind each name. `stored`: where the local store is, if there is one."""
        super().__init__()
        [self.port] = free_ports(1)
        self._hosts, self._stored = hosts, stored or self.folder

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        text = (ROOT / "charts" / "compose" / "nginx.conf").read_text().replace("/tmp/", f"{self.folder}/")
        text = text.replace("listen 8080", f"listen 127.0.0.1:{self.port}")
        text = text.replace("/data/recordings/", f"{self._stored}/")
        for name, addresses in self._hosts.items():
            text = _with_servers(text, name, addresses).replace(f"Host {name};", f"Host {addresses[0]};")
        (self.folder / "nginx.conf").write_text(text)
        command = [nginx_program() or "nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        if os.geteuid() == 0:
            # Else its workers would be nobody, whom nothing here belongs to.
            command += ["-g", "user root;"]
        self.launch(command, {"PATH": os.environ["PATH"]}, lambda: is_open(self.port))


def _with_servers(text: str, name: str, addresses: Sequence[str]) -> str:
    """nginx takes every address of a name for a server of its own, with the options of that line."""

    def listed(found: re.Match[str]) -> str:
        return "\n        ".join(f"server {address}{found[1]};" for address in addresses)

    return re.sub(rf"server {re.escape(name)}((?: [^;]*)?);", listed, text)


def nginx_program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Composed:
    """All services, running."""

    def __init__(self, scale: Mapping[str, int] | None = None, **settings: str) -> None:
        """`scale`: how many there are of a service, else one, as for `docker compose up --scale`; those after the
        first have a number in their names. `settings` are added to the environment of the portal's own services."""
        self._stack = ExitStack()
        self._settings = settings
        self._static = tempfile.TemporaryDirectory(prefix="sortie-static-")
        self.services = services()
        self.postgres, self.redis = Postgres(), Redis()
        self.s3 = ObjectStore(self.services["s3"])
        self.hosts = {
            "postgres:5432": self.postgres.url("").removeprefix("postgres://postgres@").rstrip("/"),
            "redis:6379": self.redis.url.removeprefix("redis://").removesuffix("/0"),
            "s3:8333": self.s3.address,
        }
        self.probes: dict[str, str] = {}
        self._migrate = self._container("migrate", "migrate", {})
        self.containers: dict[str, Container] = {}
        for service in ("web", "live", "worker", "beat"):
            for number in range(1, 1 + (scale or {}).get(service, 1)):
                self._add(service, service if number == 1 else f"{service}-{number}")
        self.nginx = Nginx(
            {
                "web:8000": self._addresses("web"),
                "live:8001": self._addresses("live"),
                "s3:8333": [self.s3.address],
            }
        )

    def _add(self, service: str, name: str) -> None:
        # A container has its ports to itself.
        port, other = free_ports(2)
        of_service = {"web": "PORT", "live": "SORTIE_LIVE_PORT"}.get(service, "SORTIE_PROBE_PORT")
        ports = {
            "PORT": str(other),
            "SORTIE_LIVE_PORT": str(other),
            "SORTIE_PROBE_PORT": "0",
            of_service: str(port),
        }
        self.probes[name] = f"http://127.0.0.1:{port}"
        self.containers[name] = self._container(service, name, ports)

    def _addresses(self, service: str) -> list[str]:
        return [
            address.removeprefix("http://")
            for name, address in self.probes.items()
            if name.partition("-")[0] == service
        ]

    def _container(self, service: str, name: str, ports: Mapping[str, str]) -> Container:
        described = self.services[service]
        installed = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        here = {"SORTIE_HOST": "127.0.0.1", "SORTIE_STATIC_PATH": self._static.name, "PATH": installed}
        variables = {**image.variables(), **described["environment"], **here, **ports, **self._settings}
        return Container(
            name, described["command"], self._with_hosts(variables), lambda: answers(self.probes[name])
        )

    def _with_hosts(self, variables: Mapping[str, str]) -> dict[str, str]:
        def at(value: str) -> str:
            for name, address in self.hosts.items():
                value = value.replace(f"/{name}", f"/{address}").replace(f"@{name}", f"@{address}")
            return value

        return {name: at(str(value)) for name, value in variables.items()}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for server in (self.postgres, self.redis, self.s3):
                stack.enter_context(server)
            self._make_database()
            self._collect_static()
            self.migrated = self._migrate.run()
            for container in self.containers.values():
                stack.enter_context(container)
            stack.enter_context(self.nginx)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._static.cleanup()

    def _collect_static(self) -> None:
        """As the Dockerfile does."""
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        web = self.containers["web"]
        subprocess.run(command, cwd=ROOT, env=web.variables, check=True)

    def _make_database(self) -> None:
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE sortie LOGIN")
            connection.execute("CREATE DATABASE sortie OWNER sortie")


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False
