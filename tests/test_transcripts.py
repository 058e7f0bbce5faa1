"""What terminals showed: read after they are ready, given out as text with times, and found at those times."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from recordings import jobs, library, retention, sandbox, tasks, transcripts
from recordings.audit import Actor
from recordings.media.asciicast import Cast
from recordings.media.terminal.transcript import screen_at
from recordings.models import Job, JobKind, Passage, PictureKind, Recording, Status, Terminal, User
from recordings.querysets import MAX_ATTEMPTS
from recordings.search.asking import asked
from recordings.search.finding import Found, find, with_hits
from recordings.storage import StorageUnavailable, current_store
from tests.casting import made
from tests.making import api, events, let_leases_end, started
from tests.terminal.build import cast
from tests.terminal.sessions import recorded

pytestmark = pytest.mark.django_db

EDITOR = "\x1b[?1049h\x1b[H\x1b[2J"
LEFT = "\x1b[?1049l"
WORK = cast(
    [0.5, "o", "$ kub"],
    [1.0, "o", "ectl del"],
    [1.5, "o", "ete pod web-7d4b9c\r\n"],
    [4.0, "o", 'pod "web-7d4b9c" deleted\r\n'],
    [6.0, "o", f"{EDITOR}upstream api {{\r\n  server 10.0.4.17:8080;\r\n}}"],
    [60.0, "o", f"{LEFT}$ "],
    [61.0, "o", "サービスを再起動しました\r\n"],
)


def read(user: User, data: bytes = WORK, *, title: str = "Work") -> Recording:
    """A terminal recording of which the text has been made."""
    recording = made(user, data, title=title)
    jobs.run_due(tasks.HANDLERS)
    return Recording.objects.get(pk=recording.pk)


def search(user: User, question: str) -> list[Found]:
    return with_hits(find(library.recordings_of(user), asked(question)).rows, asked(question))


def transcript(user: User, recording: Recording, query: str = "") -> Any:
    return api(user).get(f"/api/recordings/{recording.pk}/transcript{query}")


def lines_of(user: User, recording: Recording, query: str = "") -> list[tuple[float, str]]:
    return [(line["at_seconds"], line["text"]) for line in transcript(user, recording, query).json()]


FOUND = [
    ('"kubectl delete pod"', "$ kubectl delete pod web-7d4b9c", 1.5),
    ("10.0.4.17", "  server 10.0.4.17:8080;", 6.0),
    ("再起動", "$ サービスを再起動しました", 61.0),
    ("deleted", 'pod "web-7d4b9c" deleted', 4.0),
]


def test_what_a_terminal_showed_is_found_at_the_second_it_did(alice: User) -> None:
    recording = read(alice)
    for question, text, second in FOUND:
        [found] = search(alice, question)
        assert found.recording == recording
        [(shown, at_ms)] = [(hit.text, hit.at_ms) for hit in found.hits]
        assert shown.strip() == text.strip()
        assert at_ms is not None
        assert abs(at_ms / 1000 - second) <= 0.25


def test_a_recording_is_ready_and_says_so_before_it_is_read(alice: User) -> None:
    recording = made(alice, WORK)
    assert recording.status == Status.READY
    answer = transcript(alice, recording)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "The transcript of this recording has not been made yet.",
    )
    assert api(alice).get(f"/api/recordings/{recording.pk}/download?format=txt").status_code == 409
    jobs.run_due(tasks.HANDLERS)
    assert transcript(alice, recording).status_code == 200
    assert not Job.objects.exists()


def test_a_video_has_none(alice: User) -> None:
    assert transcript(alice, started(alice)).json()["detail"] == "Only terminal recordings have a transcript."


def test_the_text_is_a_file_too(alice: User) -> None:
    recording = read(alice)
    answer = api(alice).get(f"/api/recordings/{recording.pk}/download?format=txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Work.txt"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    text = b"".join(answer).decode()
    assert [line for line in text.splitlines() if "kubectl" in line] == ["$ kubectl delete pod web-7d4b9c"]
    assert "$ サービスを再起動しました\n" in text
    assert events(recording)[-1] == "download"


def test_reading_leaves_a_trace_as_watching_does(alice: User, ada: User) -> None:
    recording = read(alice)
    assert transcript(ada, recording).status_code == 200
    assert transcript(ada, recording, "?q=kubectl").status_code == 200
    assert events(recording)[-2:] == ["upload", "view"]


# --- pages of it ------------------------------------------------------------------------------------------------

LONG = cast(*([float(n), "o", f"line {n:05} {'.' * 60}\r\n"] for n in range(3000)))


def numbers(lines: list[tuple[float, str]]) -> list[int]:
    return [int(text.split()[1]) for _, text in lines]


def link(answer: Any, rel: str) -> str:
    match = re.search(rf'<http://testserver([^>]*)>; rel="{rel}"', answer.headers.get("Link", ""))
    return match[1] if match else ""


def followed(user: User, answer: Any, rel: str) -> list[list[tuple[float, str]]]:
    """The pages that links of this kind lead to."""
    found = []
    while address := link(answer, rel):
        answer = api(user).get(address)
        found.append([(line["at_seconds"], line["text"]) for line in answer.json()])
    return found


def test_a_long_transcript_is_read_in_pages_from_any_moment(alice: User) -> None:
    recording = read(alice, LONG)
    first = transcript(alice, recording)
    pages = [numbers(lines_of(alice, recording)), *map(numbers, followed(alice, first, "next"))]
    assert [number for page in pages for number in page] == list(range(3000))
    assert len(pages) > 2
    middle = transcript(alice, recording, "?at=1500")
    page = numbers([(line["at_seconds"], line["text"]) for line in middle.json()])
    assert 1500 in page
    assert page in pages
    assert [numbers(one) for one in followed(alice, middle, "prev")] == pages[: pages.index(page)][::-1]
    assert numbers(lines_of(alice, recording, "?at=99999")) == pages[-1]
    assert link(first, "prev") == ""


def test_of_a_transcript_a_part_of_the_time_can_be_read(alice: User) -> None:
    recording = read(alice, LONG)
    part = list(transcripts.lines(recording, since_ms=1_000_000, until_ms=1_004_000))
    assert numbers([(at_ms / 1000, text) for at_ms, text in part]) == [1000, 1001, 1002, 1003, 1004]


def test_lines_of_one_transcript_are_found(alice: User) -> None:
    recording = read(alice, LONG)
    assert lines_of(alice, recording, "?q=02718") == [(2718.0, f"line 02718 {'.' * 60}")]
    assert len(lines_of(alice, recording, "?q=line")) == 500
    assert lines_of(alice, recording, "?q=nothing") == []
    assert transcript(alice, recording, "?q=02718").json()[0]["marks"] == [[5, 10]]
    for query in ("?cursor=x", "?cursor=-1", "?at=-1", "?at=nan"):
        assert transcript(alice, recording, query).status_code == 400, query
    assert lines_of(alice, recording, "?cursor=99999") == []


# --- made, made again, or not -------------------------------------------------------------------------------------


def test_a_terminal_gets_a_poster(alice: User) -> None:
    recording = read(alice)
    [poster] = recording.pictures.all()
    assert (poster.kind, poster.tile_width, poster.tile_height) == (PictureKind.POSTER, 640, 360)
    before = poster.storage_key
    jobs.enqueue(JobKind.TEXT, recording)
    jobs.run_due(tasks.HANDLERS)
    assert recording.pictures.get().storage_key != before
    assert len(search(alice, "kubectl")) == 1


def test_what_cannot_be_read_is_still_played_and_found_by_its_title(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "sys", _Nowhere)
    recording = read(alice, title="Quarterly")
    for _ in range(MAX_ATTEMPTS):
        let_leases_end()
        jobs.run_due(tasks.HANDLERS)
    assert Recording.objects.get(pk=recording.pk).status == Status.READY
    assert Terminal.objects.get(pk=recording.pk).text_complete is False
    assert [found.recording for found in search(alice, "quarterly")] == [recording]
    assert transcript(alice, recording).json() == []


class _Nowhere:
    """Python is a program that ends at once."""

    executable = "/bin/false"


def test_a_store_that_is_away_is_waited_for(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = made(alice, WORK)

    def away(*args: object) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(type(current_store()), "as_file", away)
        jobs.run_due(tasks.HANDLERS)
    assert Job.objects.get().attempts == 0
    let_leases_end()
    jobs.run_due(tasks.HANDLERS)
    assert transcript(alice, recording).status_code == 200


def test_five_megabytes_of_different_words(alice: User) -> None:
    rows = (" ".join(f"w{n:07}" for n in range(at, at + 12)) for at in range(0, 576_000, 12))
    recording = made(alice, cast(*([n / 1000, "o", f"{row}\r\n"] for n, row in enumerate(rows)), width=120))
    jobs.run_due(tasks.HANDLERS, most=1)
    assert Recording.objects.get(pk=recording.pk).status == Status.READY
    assert Job.objects.get().kind == JobKind.TEXT
    jobs.run_due(tasks.HANDLERS)
    assert not Job.objects.exists()
    for question in ("w0000000", "w0288017", "w0575999", "w0000000 w0575999"):
        assert [found.recording for found in search(alice, question)] == [recording], question


def test_a_deleted_recording_is_not_found_and_a_purged_one_has_no_text(alice: User, ada: User) -> None:
    recording = read(alice)
    retention.hold(recording, Actor(ada), reason="case 7")
    assert len(search(alice, "kubectl")) == 1
    with pytest.raises(retention.OnHold):
        retention.delete(recording, Actor(alice))
    retention.release(recording, Actor(ada))
    retention.delete(Recording.objects.get(pk=recording.pk), Actor(alice))
    assert search(alice, "kubectl") == []
    retention.restore(Recording.objects.get(pk=recording.pk), Actor(alice))
    assert len(search(alice, "kubectl")) == 1
    Recording.objects.get(pk=recording.pk).delete()
    assert not Passage.objects.exists()


@pytest.mark.only("single")
@pytest.mark.parametrize(
    ("program", "acts", "phrase"),
    [
        (["less", "file.txt"], [("row 028", "/row 110\r"), ("row 119", "q")], "row 111: the"),
        (
            ["vim", "--clean", "--noplugin", "file.txt"],
            [("row 028", "oa secret plan\x1b"), ("a secret plan", ":q!\r")],
            "secret plan",
        ),
    ],
)
def test_a_phrase_inside_a_real_program(
    alice: User, tmp_path: Path, program: list[str], acts: list[tuple[str, str]], phrase: str
) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    path = recorded(tmp_path / "home", program, *acts)
    read(alice, path.read_bytes())
    [found] = search(alice, f'"{phrase}"')
    hit = found.hits[0]
    assert phrase in hit.text
    assert hit.at_ms is not None
    with path.open("rb") as file:
        source = Cast(file)
        screen = screen_at(source.header.width, source.header.height, source.events(), hit.at_ms * 1000)
        assert any(phrase in row for row in screen.lines())
