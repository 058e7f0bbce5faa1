"""API.md says what is so: each of its examples is run."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from recordings.permissions import Scope
from tests.agents.client import in_a_loop, live_address
from tests.agents.house import House
from tests.portal import ROOT
from tests.tus_client import recording

pytestmark = pytest.mark.only("single")

PAGE = (ROOT / "API.md").read_text()
[CI] = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
LIBRARY, AGENT, _ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
OVER_HTTP, OVER_STDIO = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


def run(command: list[str], folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """As somebody with the `sortie` command would, in a folder of their own."""
    program = folder / "bin" / "sortie"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m recordings.capture "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    known = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8", **variables}
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, timeout=120)


class Comments(HTTPServer):
    """Something that takes comments."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _TakesComments)
        self.taken: list[str] = []


class _TakesComments(BaseHTTPRequestHandler):
    server: Comments

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(json.loads(body)["body"])
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@contextmanager
def comments() -> Iterator[Comments]:
    with Comments() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_ci_records_a_run_and_posts_its_link(house: House, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("test:\n\t@echo 3 failed; exit 1\n")
    with comments() as server:
        done = run(
            ["bash", "-euo", "pipefail", "-c", CI],
            tmp_path,
            SORTIE=house.portal.url,
            SORTIE_TOKEN=house.tokens["uploader"],
            COMMIT="4711abc",
            COMMENTS=f"http://127.0.0.1:{server.server_port}/",
        )
    assert done.returncode == 2, done.stdout + done.stderr  # make's own for a recipe that failed
    [comment] = server.taken
    said = re.fullmatch(rf"The tests ended with 2: {house.portal.url}/recordings/([0-9a-f-]+)", comment)
    assert said, comment
    with house.api("alice") as client:
        assert client.get(f"/recordings/{said[1]}").json()["title"] == "Tests of 4711abc"
        assert "3 failed" in client.get(f"/recordings/{said[1]}/download").text


def test_python_uploads_and_lists(house: House, tmp_path: Path) -> None:
    (tmp_path / "screen.webm").write_bytes(recording(2))
    variables = {"SORTIE": house.portal.url, "SORTIE_TOKEN": house.tokens["alice"]}
    done = run([sys.executable, "-c", LIBRARY], tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^[0-9a-f-]{36} .*Login works", done.stdout, re.MULTILINE)


def test_an_agent_looks_at_the_latest_recording(house: House, tmp_path: Path) -> None:
    house.terminal([0.5, "o", "all is well\r\n"], [3, "o", "done"], title="Deploy of the page")
    variables = {"SORTIE_MCP": live_address(house.portal), "SORTIE_TOKEN": house.tokens["reader"]}
    done = run([sys.executable, "-c", AGENT], tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Deploy of the page", "all is well"]


def test_the_settings_for_clients_lead_to_the_portal(house: House) -> None:
    there = OVER_HTTP["mcpServers"]["sortie"]
    assert there["url"].endswith("/mcp")
    assert there["headers"] == {"Authorization": "Bearer sortie_..."}
    own = OVER_STDIO["mcpServers"]["sortie"]
    assert own["command"] == "/srv/sortie/.venv/bin/python"
    assert own["args"] == ["/srv/sortie/manage.py", "mcp"]
    variables = {**house.portal.variables, **own["env"], "SORTIE_TOKEN": house.tokens["reader"]}
    arguments = [str(ROOT / "manage.py"), *own["args"][1:]]
    program = StdioServerParameters(command=sys.executable, args=arguments, env=variables)

    async def tools() -> list[str]:
        async with Client(stdio_client(program)) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    assert sorted(in_a_loop(tools)) == sorted(re.findall(r"^\| `(recording_\w+)`", PAGE, re.MULTILINE))


def test_the_scopes_are_those_there_are() -> None:
    assert re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)[: len(Scope)] == [str(scope) for scope in Scope]
