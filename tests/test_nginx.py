"""Downloads from the local store that nginx sends, as charts/compose/nginx.conf has it do."""

from pathlib import Path

import httpx
import pytest

from tests.composed import Nginx, nginx_program
from tests.services import web_server
from tests.stores import key

pytestmark = [
    pytest.mark.only("single"),
    pytest.mark.skipif(nginx_program() is None, reason="nginx is not installed"),
]


def test_files_of_the_local_store_are_sent_by_nginx(tmp_path: Path) -> None:
    name = key()
    stored = tmp_path / name
    stored.parent.mkdir()
    stored.write_bytes(b"0123456789" * 1000)
    site = {
        "MEDIA_FILE": name,
        "MEDIA_SIZE": str(stored.stat().st_size),
        "SORTIE_RECORDING_STORAGE_PATH": str(tmp_path),
        "SORTIE_X_ACCEL_REDIRECT": "/stored",
    }
    nowhere = "127.0.0.1:1"
    with web_server("tests.media_site:application", site) as server:
        hosts = {"web:8000": [server.url.removeprefix("http://")], "live:8001": [nowhere], "s3:8333": [nowhere]}
        with Nginx(hosts, tmp_path) as nginx:
            sent = httpx.get(f"{nginx.url}/media", headers={"Range": "bytes=-15"})
            assert (sent.status_code, sent.headers["Content-Type"]) == (206, "video/webm")
            assert sent.content == b"567890123456789"
            assert sent.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in sent.headers["Content-Security-Policy"]
            assert httpx.get(f"{nginx.url}/stored/{name}").status_code == 404
