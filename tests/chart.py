"""The Helm chart as `helm` renders it, and what a cluster would make of it."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.services import program

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "sortie"
KUBERNETES = "1.34"

LEAST: dict[str, Any] = {
    "secrets": {
        "secretKey": {"name": "sortie"},
        "databaseUrl": {"name": "sortie"},
        "redisUrl": {"name": "sortie"},
    },
    "ingress": {"host": "sortie.example"},
}
"""The values that are needed in any case."""

SECRETS = {
    "SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789",
    "DATABASE_URL": "postgres://sortie:secret@db:5432/sortie",
    "REDIS_URL": "redis://redis:6379/0",
    "SORTIE_ADMIN_PASSWORD": "ada-and-a-long-password",
    "SORTIE_METRICS_TOKEN": "0123456789abcdef0123",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
}
"""What is in the secrets, by key."""


class Refused(Exception):
    """helm would not render it. The text is what it said."""


def merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """The later parts over the earlier ones, as helm does it with several files of values."""
    whole: dict[str, Any] = {}
    for part in parts:
        _merge(whole, part)
    return whole


def _merge(into: dict[str, Any], part: Mapping[str, Any]) -> None:
    for name, value in part.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = deepcopy(value)


def helm(command: str, values: Mapping[str, Any], *options: str) -> str:
    """What `helm template` or `helm lint` says. Raises Refused."""
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "values.yaml"
        file.write_text(yaml.safe_dump(dict(values)))
        name = ["portal"] if command == "template" else []
        done = subprocess.run(
            [program("helm"), command, *name, str(CHART), "--values", str(file), *options],
            env={"HOME": home, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise Refused(done.stdout + done.stderr)
    return done.stdout


def rendered(*values: Mapping[str, Any]) -> "Rendered":
    """The chart with the least values and these. Raises Refused."""
    return _rendered(json.dumps(merged(LEAST, *values), sort_keys=True))


@cache
def _rendered(values: str) -> "Rendered":
    return Rendered(helm("template", json.loads(values), "--kube-version", KUBERNETES))


class Rendered:
    """What would be sent to the cluster."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.resources = [one for one in yaml.safe_load_all(text) if one]

    def of(self, kind: str) -> dict[str, Any]:
        """Resources of a kind, by component, or by name where there is none."""
        found = [one for one in self.resources if one["kind"] == kind]
        return {_name(one): one for one in found}

    def pods(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The specification of every pod, by component."""
        for kind in ("Deployment", "Job"):
            for name, one in self.of(kind).items():
                yield name, one["spec"]["template"]["spec"]

    def containers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, pod in self.pods():
            for container in [*pod.get("initContainers", ()), *pod["containers"]]:
                yield name, container

    def environment(self, component: str) -> dict[str, str]:
        """The variables of a component's main container, with its secrets looked up."""
        [container] = dict(self.pods())[component]["containers"]
        return {one["name"]: _value(one) for one in container["env"]}


def _name(resource: Mapping[str, Any]) -> str:
    metadata = resource["metadata"]
    return str(metadata["labels"].get("app.kubernetes.io/component") or metadata["name"])


def _value(variable: Mapping[str, Any]) -> str:
    if "value" in variable:
        return str(variable["value"])
    return SECRETS[variable["valueFrom"]["secretKeyRef"]["key"]]
