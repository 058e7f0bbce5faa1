"""compose.yaml as it is written: pinned, without rights, and of things that exist."""

import pytest

from tests import image
from tests.composed import GIVEN, services
from tests.test_image import OF_OTHERS, PINNED, settings

pytestmark = pytest.mark.only("single")

OURS = ("migrate", "web", "live", "worker", "beat")


def test_what_is_not_ours_is_pinned_by_its_digest() -> None:
    others = [one["image"] for name, one in services().items() if name not in OURS]
    assert [name for name in others if not PINNED.fullmatch(name)] == []
    assert len(others) == 4


@pytest.mark.parametrize("name", OURS)
def test_every_process_of_ours_is_the_same_image_without_rights(name: str) -> None:
    service = services()[name]
    assert service["image"] == "sortie"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges"]
    assert service["tmpfs"] == ["/tmp"]
    assert "ports" not in service


def test_only_nginx_is_reached_from_outside_and_only_from_this_machine() -> None:
    assert {name: one["ports"] for name, one in services().items() if "ports" in one} == {
        "nginx": ["127.0.0.1:8080:8080"]
    }


def test_what_is_set_is_a_setting() -> None:
    told = {name for one in OURS for name in services()[one]["environment"]}
    assert told - settings() - OF_OTHERS - {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} == set()


@pytest.mark.parametrize("missing", ["SECRET_KEY", "POSTGRES_PASSWORD", "S3_SECRET_KEY"])
def test_nothing_starts_without_its_secrets(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        services({name: value for name, value in GIVEN.items() if name != missing})


def test_files_that_are_mounted_are_there() -> None:
    mounted = [volume for one in services().values() for volume in one.get("volumes", ())]
    files = [volume.partition(":")[0] for volume in mounted if volume.startswith("./")]
    assert files
    assert all((image.ROOT / file).is_file() for file in files)
