"""What `make bench` writes into README.md."""

from pathlib import Path

import pytest

from tests.bench import in_readme
from tests.bench.runner import Metric, Result, Standing

RESULT = Result(
    title="A download of 1 GB",
    reference="nginx",
    rounds=5,
    standings=[
        Standing("sortie", Metric("MB/s", higher_is_better=True, aims={"sortie": 1.0}), 1480.2, 1.48, 1.3, 1.6),
        Standing("nginx", Metric("MB/s", higher_is_better=True), 1000.0, None, None, None),
        Standing(
            "web", Metric("MB", higher_is_better=False, aims={"web": 150}, absolute=True), 151.4, None, None, None
        ),
        Standing("web", Metric("ms", higher_is_better=False, aims={"web": 2}, told=False), 9, 1, 1, 1),
    ],
)


def test_the_figures_replace_those_that_stood_there(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Sortie\n\n{in_readme.BEGIN}\nold\n{in_readme.END}\n\nMore.\n")
    in_readme.write([RESULT], readme)
    in_readme.write([RESULT], readme)
    text = readme.read_text()
    assert text.startswith(f"# Sortie\n\n{in_readme.BEGIN}\n")
    assert text.endswith(f"\n{in_readme.END}\n\nMore.\n")
    assert [line for line in text.splitlines() if line.startswith("| A")] == [
        "| A download of 1 GB (nginx) | sortie, MB/s | 1,480 | 1.48 | >= 1 |",
        "| A download of 1 GB | web, MB | 151 |  | < 150, missed |",
    ]
    assert "old" not in text


def test_a_readme_without_a_place_for_them_is_left_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Sortie\n")
    with pytest.raises(ValueError, match="no place for figures"):
        in_readme.write([RESULT], readme)
    assert readme.read_text() == "# Sortie\n"


def test_the_readme_has_a_place_for_them() -> None:
    assert all(mark in in_readme.README.read_text() for mark in (in_readme.BEGIN, in_readme.END))
