"""Every question of the benchmarks is in their table."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.mark.parametrize("folder", ["speed", "accuracy", "reliability", "training"])
def test_every_question_is_in_the_table(folder):
    text = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    (section,) = (part for part in text.split("\n## ") if f"benchmarks.{folder}`" in part)
    names = {path.stem for path in (BENCHMARKS / folder).glob("*.py")} - {"__init__"}
    assert [name for name in sorted(names) if f"| `{name}" not in section] == []
