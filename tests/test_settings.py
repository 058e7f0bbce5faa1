"""What the environment may say, and that every mistake in it is named at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from sortie.env import Environment

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "portal"
    folder.mkdir()
    return folder


def ask(data: Path, expression: str, **variables: str) -> str:
    """The value of `expression` in a fresh interpreter with these settings; the message if they are refused."""
    program = (
        "from django.core.exceptions import ImproperlyConfigured\n"
        "try:\n    from sortie import settings\nexcept ImproperlyConfigured as error:\n    print(error)\n"
        f"else:\n    print({expression})"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "SORTIE_DATA": str(data),
        "SECRET_KEY": "k" * 40,
        "SORTIE_RECORDING_STORAGE_PATH": "recordings",
        **variables,
    }
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def test_every_wrong_value_is_named_at_once_with_a_remedy(data: Path) -> None:
    (data / "file").touch()
    said = ask(
        data,
        "'accepted'",
        SECRET_KEY="short",
        SORTIE_VIDEO_RECORDING_ENABLED="perhaps",
        SORTIE_TERMINAL_RECORDING_ENABLED="true",
        SORTIE_RECORDING_STORAGE_BACKEND="s3",
        SORTIE_RECORDING_MAX_SIZE_MB="0",
        SORTIE_RECORDING_RETENTION_DAYS="ten",
        SORTIE_TERMINAL_RETENTION_DAYS="-1",
        SORTIE_RECORDING_S3_ENDPOINT="minio:9000",
        REDIS_URL="localhost:6379",
        DATABASE_URL="mysql://localhost/sortie",
        CSRF_TRUSTED_ORIGINS="sortie.example.com",
        PORT="70000",
    )

    wrong = [line.split(":")[0].removeprefix("  - ") for line in said.splitlines()[1:]]
    assert wrong == [
        "SORTIE_VIDEO_RECORDING_ENABLED",
        "SORTIE_RECORDING_MAX_SIZE_MB",
        "SORTIE_RECORDING_RETENTION_DAYS",
        "SORTIE_TERMINAL_RETENTION_DAYS",
        "SORTIE_RECORDING_S3_ENDPOINT",
        "PORT",
        "SORTIE_RECORDING_S3_BUCKET",
        "SECRET_KEY",
        "CSRF_TRUSTED_ORIGINS",
        "REDIS_URL",
        "DATABASE_URL",
    ]
    assert "'perhaps' is neither true nor false; write `true` or `false`." in said
    assert "0 is too small; it must be at least 1." in said
    assert "must start with http:// or https://." in said


@pytest.mark.parametrize("name", ["SORTIE_DATA", "SORTIE_RECORDING_STORAGE_PATH"])
def test_a_path_that_cannot_be_a_folder_is_refused(data: Path, name: str) -> None:
    (data / "file").touch()
    said = ask(data, "'accepted'", SORTIE_VIDEO_RECORDING_ENABLED="true", **{name: str(data / "file" / "below")})
    assert f"  - {name}: {data / 'file'} is not a folder; choose another path." in said


def test_the_storage_path_does_not_matter_where_nothing_is_stored_in_it(data: Path) -> None:
    (data / "file").touch()
    said = ask(data, "'accepted'", SORTIE_RECORDING_STORAGE_PATH=str(data / "file" / "below"))
    assert said == "accepted"


def test_defaults_are_those_of_the_contract(data: Path) -> None:
    names = (
        "VIDEO_RECORDING_ENABLED TERMINAL_RECORDING_ENABLED RECORDING_STORAGE_BACKEND RECORDING_MAX_SIZE_MB "
        "RECORDING_RETENTION_DAYS TERMINAL_RETENTION_DAYS RECORDING_S3_REGION RECORDING_S3_PREFIX ADMIN_USERNAME"
    )
    said = ask(data, f"[getattr(settings, 'SORTIE_' + name) for name in {names.split()}]")
    assert said == str([False, False, "local", 500, 0, 90, "us-east-1", "recordings/", "admin"])


def test_the_file_in_the_data_folder_is_read_and_the_environment_wins(data: Path) -> None:
    (data / "settings.env").write_text(
        "# a comment\nSORTIE_RECORDING_MAX_SIZE_MB=7\nSORTIE_TERMINAL_RETENTION_DAYS=8\n"
    )
    said = ask(
        data,
        "(settings.SORTIE_RECORDING_MAX_SIZE_MB, settings.SORTIE_TERMINAL_RETENTION_DAYS,"
        " __import__('os').environ.get('SORTIE_RECORDING_MAX_SIZE_MB'))",
        SORTIE_TERMINAL_RETENTION_DAYS="9",
    )
    assert said == "(7, 9, None)", "and its secrets do not leak into the environment of child processes"


def test_an_unreadable_file_stops_the_start(data: Path) -> None:
    (data / "settings.env").mkdir()
    assert f"  - {data / 'settings.env'}: cannot be read:" in ask(data, "'accepted'")


def test_relative_storage_paths_move_with_the_data_folder(data: Path) -> None:
    assert ask(data, "settings.SORTIE_RECORDING_STORAGE_PATH") == str(data / "recordings")


@pytest.mark.parametrize("name", ["my data#1?x", "ünïcode %20"])
def test_any_folder_name_will_do_for_the_database(tmp_path: Path, name: str) -> None:
    said = ask(tmp_path / name, "settings.DATABASES['default']['NAME']")
    assert said == str(tmp_path / name / "sortie.sqlite3")


def test_networks_for_webhooks(data: Path) -> None:
    said = ask(
        data, "list(map(str, settings.SORTIE_WEBHOOK_NETWORKS))", SORTIE_WEBHOOK_NETWORKS="10.0.0.0/8, ::1,10.9.9.9"
    )
    assert said == "['10.0.0.0/8', '::1/128', '10.9.9.9/32']"
    said = ask(data, "'accepted'", SORTIE_WEBHOOK_NETWORKS="10.0.0.1/8,office")
    assert "  - SORTIE_WEBHOOK_NETWORKS: 10.0.0.1/8 has host bits set; write networks like 10.0.0.0/8" in said
    assert "'office' does not appear to be an IPv4 or IPv6 network" in said


def test_options_in_the_address_of_the_database_are_kept(data: Path) -> None:
    said = ask(
        data,
        "sorted(settings.DATABASES['default']['OPTIONS'])",
        DATABASE_URL="postgres://u:p%40ss@db:5432/sortie?sslmode=require",
    )
    assert said == "['pool', 'sslmode']"


def test_a_value_may_begin_with_a_dollar_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SORTIE_TEST", "$ecret")
    assert Environment().text("SORTIE_TEST") == "$ecret"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    monkeypatch.setenv("SORTIE_TEST", empty)
    variables = Environment()
    assert variables.integer("SORTIE_TEST", 5, least=1) == 5
    assert variables.boolean("SORTIE_TEST", default=True)
    variables.complain()


@pytest.mark.parametrize(
    ("text", "value"), [("TRUE", True), ("1", True), ("on", True), ("No", False), ("0", False)]
)
def test_booleans(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("SORTIE_TEST", text)
    assert Environment().boolean("SORTIE_TEST", default=not value) is value


def test_nothing_wrong_is_no_complaint_and_something_wrong_is_one() -> None:
    variables = Environment()
    variables.complain()
    variables.problem("A", "is wrong.")
    with pytest.raises(ImproperlyConfigured, match=r"  - A: is wrong\."):
        variables.complain()


def test_commands_say_what_is_wrong_without_a_traceback(data: Path) -> None:
    run = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SORTIE_DATA": str(data)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("Sortie cannot start, these settings are wrong:\n  - SECRET_KEY: ")
    assert "Traceback" not in run.stderr
