"""The chart's dashboard for Grafana shows figures that there are, and so do the alarms of OPERATING.md."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from recordings import figures, meters, overview
from recordings.models import User
from tests.making import started

pytestmark = pytest.mark.only("single")

ROOT = Path(__file__).resolve().parent.parent
DASHBOARD: dict[str, Any] = json.loads((ROOT / "charts" / "sortie" / "dashboards" / "sortie.json").read_text())
NAMES = re.compile(r"\bsortie_[a-z_]+")


@pytest.fixture
def known(alice: User) -> set[str]:
    """The names of all there is to be seen."""
    started(alice)
    overview.measure(timezone.now())
    collectors = [meters.registry(), figures.PARTS, figures._Database()]
    families = [family for collector in collectors for family in collector.collect()]
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {family.name + ending for family in families for ending in endings[family.type]}


def expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def test_every_panel_shows_something_that_is_counted(known: set[str]) -> None:
    shown = {name for expression in expressions() for name in NAMES.findall(expression)}
    assert shown - known == set()
    assert len(shown) > 15


def test_every_alarm_is_about_something_that_is_counted(known: set[str]) -> None:
    told = set(NAMES.findall((ROOT / "OPERATING.md").read_text()))
    assert told - known == set()
    assert len(told) >= 6


def test_panels_do_not_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
