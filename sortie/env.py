"""Typed readers for the environment that remember every wrong value, so that all are named at once."""

import io
import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class Environment:
    """Reads variables; a wrong one is noted and replaced by its default until `complain` is called.

    A file of `NAME=value` lines may add variables. What the real environment says wins over it. An empty variable
    counts as one that is not there.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._values = dict(os.environ)
        self._problems: list[str] = []
        if file is not None:
            self._read(file)

    def _read(self, file: Path) -> None:
        # Into a copy: secrets of the file are no business of the programs that this process starts.
        class Reader(environ.Env):  # type: ignore[misc]  # it has no types
            ENVIRON = self._values

        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            self.problem(str(file), f"cannot be read: {error}.")
            return
        Reader.read_env(io.StringIO(text))

    def problem(self, name: str, message: str) -> None:
        """Note that variable `name` is wrong; `message` says what is expected instead."""
        self._problems.append(f"{name}: {message}")

    def text(self, name: str, default: str = "") -> str:
        # Not by django-environ, which takes a value that begins with a dollar sign for another variable's name.
        return self._values.get(name, "").strip() or default

    def boolean(self, name: str, *, default: bool) -> bool:
        raw = self.text(name, "true" if default else "false").lower()
        if raw not in _TRUE | _FALSE:
            self.problem(name, f"{raw!r} is neither true nor false; write `true` or `false`.")
            return default
        return raw in _TRUE

    def integer(self, name: str, default: int, *, least: int, most: int | None = None) -> int:
        raw = self.text(name, str(default))
        try:
            value = int(raw)
        except ValueError:
            self.problem(name, f"{raw!r} is not a whole number; the default is {default}.")
            return default
        if value < least:
            self.problem(name, f"{value} is too small; it must be at least {least}.")
            return default
        if most is not None and value > most:
            self.problem(name, f"{value} is too large; it must be at most {most}.")
            return default
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        raw = self.text(name, default).lower()
        if raw not in choices:
            self.problem(name, f"{raw!r} is not known; choose one of {', '.join(choices)}.")
            return default
        return raw

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        """A comma-separated list of networks such as 10.0.0.0/8; a single address is one too."""
        found = []
        for word in self.words(name):
            try:
                found.append(ip_network(word))
            except ValueError as error:
                self.problem(name, f"{error}; write networks like 10.0.0.0/8, with commas between them.")
        return found

    def path(self, name: str, default: Path, *, base: Path | None = None) -> Path:
        """A relative path counts from `base`, by default from where the program was started."""
        return (base or Path.cwd()) / Path(self.text(name, str(default))).expanduser()

    def url(self, name: str, default: str = "", *, schemes: tuple[str, ...]) -> str:
        raw = self.text(name, default)
        if raw and not raw.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            starts = " or ".join(f"{scheme}://" for scheme in schemes)
            self.problem(name, f"must start with {starts}.")
            return default
        return raw

    def database(self, name: str, default: Path) -> dict[str, Any]:
        """Django's connection settings from a `sqlite:///` or `postgres://` URL; else SQLite in `default`."""
        raw = self.text(name)
        if raw.startswith(("sqlite:///", "postgres://", "postgresql://")):
            return dict(environ.Env.db_url_config(raw))
        if raw:
            self.problem(name, "must be sqlite:///path or postgres://user:password@host:port/name.")
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default)}

    def writable_directory(self, name: str, path: Path) -> None:
        """Note a problem unless `path` is a folder we can write to, or could make. Creates nothing."""
        nearest = path
        while not nearest.exists() and nearest != nearest.parent:
            nearest = nearest.parent
        if not nearest.is_dir():
            self.problem(name, f"{nearest} is not a folder; choose another path.")
        elif not os.access(nearest, os.W_OK | os.X_OK):
            self.problem(
                name, f"{path} is not writable; create it for the user that runs Sortie, or choose another."
            )

    def complain(self) -> None:
        """Stop start-up with every problem found so far.

        Raises:
            ImproperlyConfigured: at least one variable is wrong.
        """
        if self._problems:
            lines = "\n".join(f"  - {problem}" for problem in self._problems)
            raise ImproperlyConfigured(f"Sortie cannot start, these settings are wrong:\n{lines}")
