"""compose.yaml as plain processes: what it starts is a portal, behind nginx, as nobody in particular."""

import http.client
import io
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import httpx
import pytest

from tests.composed import GIVEN, Composed, answers, can_contain, contained, nginx_program
from tests.waiting import until
from tests.webm_builder import VP8_KEYFRAME, block, cluster, webm

pytestmark = [
    pytest.mark.only("many"),
    pytest.mark.skipif(nginx_program() is None, reason="nginx is not installed"),
]

LARGE = 12_000_000
"""More than nginx collects."""
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def composed() -> Iterator[Composed]:
    with Composed() as running:
        yield running


@pytest.fixture(scope="module")
def ada(composed: Composed) -> Iterator[httpx.Client]:
    """The first admin, by way of nginx."""
    with signed_in(composed.nginx.url, ADMIN_NAME, GIVEN["SORTIE_ADMIN_PASSWORD"]) as client:
        yield client


ADMIN_NAME = "admin"


def signed_in(url: str, name: str, password: str) -> httpx.Client:
    answer = httpx.post(f"{url}/api/auth/login", json={"username": name, "password": password}, timeout=60)
    token = answer.raise_for_status().json()["access_token"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def begin(client: httpx.Client) -> tuple[str, str]:
    session = client.post("/api/sessions", json={"app_id": "test"}).json()["id"]
    return session, client.post(f"/api/sessions/{session}/recording/start").json()["recording_id"]


def upload(client: httpx.Client, data: bytes) -> str:
    session, recording = begin(client)
    answer = client.post(
        f"/api/sessions/{session}/recording/upload",
        data={"recording_id": recording},
        files={"file": ("screen.webm", data)},
    )
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    return recording


def video(size: int) -> bytes:
    """About so many bytes of a recording."""
    frame = VP8_KEYFRAME + b"\0" * (size // 12)
    return webm(*(cluster(time * 1000, block(1, 0, frame=frame)) for time in range(12)))


def drawn() -> bytes:
    """A recording that a decoder can read."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    return file.getvalue()


def test_the_first_admin_was_made_with_the_password_given(composed: Composed, ada: httpx.Client) -> None:
    assert "The admin admin was made" in composed.migrated
    assert GIVEN["SORTIE_ADMIN_PASSWORD"] not in composed.migrated
    assert ada.get("/api/admin/recordings").status_code == 200


@pytest.mark.parametrize("size", [100_000, LARGE], ids=["small", "large"])
def test_a_recording_goes_in_and_comes_out_by_nginx_alone(ada: httpx.Client, size: int) -> None:
    data = video(size)
    recording = upload(ada, data)
    assert ada.get(f"/api/recordings/{recording}/download", params={"original": 1}).content == data
    whole = ada.get(f"/api/recordings/{recording}/download")
    assert whole.status_code == 200, "and not redirected to where clients could not reach it"
    assert len(whole.content) >= len(data)
    assert whole.headers["Content-Type"] == "video/webm"
    assert whole.headers.get_list("Content-Disposition")[0].startswith("attachment; ")
    assert len(whole.headers.get_list("Content-Disposition")) == 1
    assert whole.headers.get_list("Cache-Control") == ["private, no-cache"]
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    part = ada.get(f"/api/recordings/{recording}/download", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    again = ada.get(f"/api/recordings/{recording}/download", headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304


def test_pieces_go_in_and_what_broke_off_is_kept(composed: Composed, ada: httpx.Client) -> None:
    large = video(LARGE)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(large))}
    address = ada.post("/api/uploads", headers=headers).headers["Location"]
    assert address.startswith(f"{composed.nginx.url}/api/uploads/")
    piece = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    first = ada.patch(address, headers={**piece, "Upload-Offset": "0"}, content=large[:MIB])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(MIB))

    def offset() -> int:
        return int(ada.head(address, headers={"Tus-Resumable": "1.0.0"}).headers["Upload-Offset"])

    path = address.removeprefix(composed.nginx.url)
    with closing(http.client.HTTPConnection("127.0.0.1", composed.nginx.port, timeout=30)) as line:
        line.putrequest("PATCH", path)
        rest = {**piece, "Upload-Offset": str(MIB), "Content-Length": str(len(large) - MIB)}
        for name, value in {**rest, "Authorization": ada.headers["Authorization"]}.items():
            line.putheader(name, value)
        # More than one piece of staging in the bucket, of which only whole ones are kept.
        line.endheaders(large[MIB : 11 * MIB])
        until(lambda: offset() > MIB)

    def resumed() -> bool:
        at = offset()
        last = ada.patch(address, headers={**piece, "Upload-Offset": str(at)}, content=large[at:])
        # What broke off may still be put away meanwhile.
        assert last.status_code in (204, 409, 423)
        return last.status_code == 204

    until(resumed)
    assert offset() == len(large)


def test_the_worker_makes_pictures(composed: Composed, ada: httpx.Client) -> None:
    recording = upload(ada, drawn())
    with httpx.Client(base_url=composed.nginx.url, timeout=60) as browser:
        browser.get("/login")
        form = {"username": ADMIN_NAME, "password": GIVEN["SORTIE_ADMIN_PASSWORD"]}
        token = {"csrfmiddlewaretoken": browser.cookies["sortie-csrf"]}
        assert browser.post("/login", data={**form, **token}).status_code == 302
        until(lambda: browser.get(f"/recordings/{recording}/poster").status_code == 200)


def test_what_is_too_large_is_refused_before_it_is_sent(composed: Composed, ada: httpx.Client) -> None:
    session, recording = begin(ada)
    with closing(http.client.HTTPConnection("127.0.0.1", composed.nginx.port, timeout=30)) as line:
        line.putrequest("POST", f"/api/sessions/{session}/recording/upload?recording_id={recording}")
        headers = {"Content-Type": "video/webm", "Content-Length": str(600 * MIB)}
        for name, value in {**headers, "Authorization": ada.headers["Authorization"]}.items():
            line.putheader(name, value)
        line.endheaders()
        answer = line.getresponse()
        assert (answer.status, json.loads(answer.read())["detail"]) == (413, "Recording too large (max 500 MB)")


def test_websockets_find_the_live_process(composed: Composed, ada: httpx.Client) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", composed.nginx.port, timeout=30)) as line:
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        path = "/live/sessions/00000000-0000-4000-8000-000000000000/vnc"
        line.request("GET", path, headers={**headers, "Origin": "https://evil.example"})
        assert line.getresponse().status == 403
        line.close()
        line.request("GET", path, headers={**headers, "Origin": composed.nginx.url})
        assert line.getresponse().status == 101


def test_pages_have_their_files(composed: Composed) -> None:
    page = httpx.get(f"{composed.nginx.url}/login")
    assert page.status_code == 200
    style = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert style.startswith("/static/")
    assert httpx.get(f"{composed.nginx.url}{style}").status_code == 200


def test_figures_are_for_inside(composed: Composed) -> None:
    token = {"Authorization": f"Bearer {GIVEN['SORTIE_METRICS_TOKEN']}"}
    assert httpx.get(f"{composed.nginx.url}/metrics", headers=token).status_code == 404
    for address in composed.probes.values():
        assert answers(address)
        assert "sortie_part_up" in httpx.get(f"{address}/metrics", headers=token).text


def test_one_id_leads_through_both_logs(composed: Composed) -> None:
    answer = httpx.get(f"{composed.nginx.url}/api/recordings")
    request_id = answer.headers["X-Request-ID"]
    for log in (composed.nginx.log, composed.containers["web"].log):
        until(lambda log=log: request_id in log.read_text())  # type: ignore[misc]
        [line] = [line for line in log.read_text().splitlines() if request_id in line]
        assert (json.loads(line)["status"], json.loads(line)["address"]) == (401, "127.0.0.1")


def test_what_ran_had_nothing_to_write_to_but_its_own(composed: Composed, tmp_path: Path) -> None:
    beat = composed.containers["beat"]
    if not can_contain():
        # No namespaces may be made here, so it had what we have.
        assert beat.as_run == beat.command
        return
    assert beat.as_run == contained(beat.command, [beat.data, beat.temporary])
    script = f"id -u; touch {tmp_path}/mine; touch {tmp_path.parent}/not-mine"
    done = subprocess.run(contained(["sh", "-c", script], [tmp_path]), capture_output=True, text=True)
    assert done.stdout == "10001\n"
    assert "Read-only file system" in done.stderr
    assert (tmp_path / "mine").exists()
