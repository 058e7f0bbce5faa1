"""Real servers for the tests, on free ports of 127.0.0.1, each gone when its `with` block ends."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import psycopg
import redis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

START_WITHIN = 30.0


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, below those the system gives to outgoing connections."""
    ports: set[int] = set()
    while len(ports) < count:
        port = random.SystemRandom().randrange(10_240, 32_768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.add(port)
    return list(ports)


def program(name: str) -> str:
    """Path of a program that came with a Python package of this environment."""
    return str(Path(sys.executable).with_name(name))


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once `ready()`. Raises RuntimeError with the end of `log` if the process ends or takes too long."""
    deadline = time.monotonic() + START_WITHIN
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            end = log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{process.args!r} did not start (status {process.poll()}):\n{end}")
        time.sleep(0.05)


@dataclass(frozen=True)
class WebServer:
    """A running granian: where it listens, and the process that runs the Django code."""

    url: str
    worker: int

    def memory(self) -> int:
        """Resident bytes of the worker."""
        found = subprocess.run(["ps", "-o", "rss=", "-p", str(self.worker)], capture_output=True, check=True)
        return int(found.stdout) * 1024


@contextmanager
def web_server(application: str, environment: Mapping[str, str]) -> Iterator[WebServer]:
    """Serve a WSGI application, `module:name`, by granian with one worker and the variables given added to ours."""
    [port] = free_ports(1)
    command = [program("granian"), "--interface=wsgi", f"--port={port}", "--blocking-threads=16", application]
    with tempfile.TemporaryDirectory(prefix="granian-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
        try:
            wait_until(lambda: is_open(port), process, log)
            yield WebServer(f"http://127.0.0.1:{port}", _child(process.pid))
        finally:
            process.terminate()
            process.wait()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _child(parent: int) -> int:
    found = subprocess.run(
        ["pgrep", "-P", str(parent), "-f", "granian"], capture_output=True, check=True, text=True
    )
    return max(int(pid) for pid in found.stdout.split())


class Server:
    """A program in the background, with a folder of its own. What it keeps there survives `stop` and `start`."""

    name = "server"
    stop_signal = signal.SIGTERM
    user: str | None = None

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=f"sortie-{self.name}-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return once it answers."""
        raise NotImplementedError

    def launch(self, command: Sequence[str], environment: Mapping[str, str], ready: Callable[[], bool]) -> None:
        """Start `command` in the folder, and return once `ready()`."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=self.user,
            )
        wait_until(ready, self._process, self.log)

    def stop(self) -> None:
        """End it in its own way, or after five seconds at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def start_if_ended(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self.start()

    def freeze(self) -> None:
        """Let it accept connections, and never answer."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()


def postgres_program(name: str) -> str | None:
    """Path of a program of PostgreSQL's server, which Debian and Homebrew keep out of PATH; the newest one."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql*/bin")]
    folders.sort(key=lambda folder: [int(digits) for digits in folder.parent.name.split("@") if digits.isdigit()])
    return shutil.which(name, path=os.pathsep.join(map(str, reversed(folders)))) or shutil.which(name)


class Postgres(Server):
    """A PostgreSQL server that need not survive a power cut. It refuses to run as root, who runs it as postgres."""

    name = "postgres"
    stop_signal = signal.SIGINT
    user = "postgres" if os.geteuid() == 0 else None

    def __init__(self) -> None:
        super().__init__()
        [self._port] = free_ports(1)
        if self.user:
            shutil.chown(self.folder, self.user)

    def url(self, database: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self._port}/{database}"

    def create_database(self, name: str) -> str:
        """A new, empty database; its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return self.url(name)

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            self._create(data)
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self._port),
            "max_connections": "200",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.launch([self._program("postgres"), "-D", str(data), *options], {"TZ": "UTC"}, self._answers)

    def _create(self, data: Path) -> None:
        command = [self._program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        with self.log.open("ab") as output:
            subprocess.run(
                [*command, "--no-locale", "--no-sync"],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"]},
                user=self.user,
                stdout=output,
                stderr=output,
                check=True,
            )

    def _program(self, name: str) -> str:
        found = postgres_program(name)
        if found is None:
            raise RuntimeError(f"PostgreSQL's {name} is not installed.")
        return found

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class Redis(Server):
    """A Redis server that forgets everything when it ends."""

    name = "redis"

    def __init__(self) -> None:
        super().__init__()
        [self._port] = free_ports(1)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        self.launch(command, {"PATH": os.environ["PATH"]}, self._answers)

    def _answers(self) -> bool:
        with suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False


class S3Server(Server):
    """An S3 server (SeaweedFS) with one empty bucket."""

    name = "s3"
    # It takes its time over a polite request, and keeps its data either way.
    stop_signal = signal.SIGKILL
    bucket = "sortie"
    region = "us-east-1"
    access_key = "sortiekey"
    secret_key = "sortiesecret"

    def __init__(self) -> None:
        super().__init__()
        # Each of its servers has a second port for gRPC; unset ones are the first plus 10,000, free or not.
        self._ports = free_ports(10)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    def environment(self) -> dict[str, str]:
        """What makes a portal use this server."""
        return {
            "SORTIE_RECORDING_STORAGE_BACKEND": "s3",
            "SORTIE_RECORDING_S3_BUCKET": self.bucket,
            "SORTIE_RECORDING_S3_REGION": self.region,
            "SORTIE_RECORDING_S3_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def client(self) -> Any:
        """A boto3 client of its own, for looking at the bucket from outside the portal."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}
            ),
        )

    def start(self) -> None:
        ports = [
            f"-{name}.port{kind}={port}"
            for (name, kind), port in zip(
                [(name, kind) for name in ("s3", "master", "filer", "volume", "admin") for kind in ("", ".grpc")],
                self._ports,
                strict=True,
            )
        ]
        folder = self.folder
        command = [
            program("weed"), "mini", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            "-master.telemetry=false", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            f"-filer.localSocket={folder / 'filer.sock'}", f"-s3.localSocket={folder / 's3.sock'}",
            f"-bucket={self.bucket}", *ports,
        ]  # fmt: skip
        (folder / "data").mkdir(exist_ok=True)
        environment = {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "GOMEMLIMIT": "300MiB",
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
        }
        client = self.client()
        self.launch(command, environment, lambda: self._answers(client))

    def _answers(self, client: Any) -> bool:
        """Whether objects can be written, which comes some time after the port is open."""
        try:
            client.put_object(Bucket=self.bucket, Key=".ready", Body=b"ready")
            client.delete_object(Bucket=self.bucket, Key=".ready")
        except (BotoCoreError, ClientError):
            return False
        return True
