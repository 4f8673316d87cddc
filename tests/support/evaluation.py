"""The evaluation data, which is not in the repository: pictures and videos that may not be passed on."""

from pathlib import Path

import pytest

from benchmarks.common.paths import EVALUATION_DATA_VARIABLE, evaluation_data

REASON = "needs the evaluation data"
"""How the reason of each skip begins, for the summary of a run."""


def require_evaluation_data(part: str = "") -> Path:
    """Returns the folder of the evaluation data, or a part of it; skips the test if that does not exist."""
    folder = evaluation_data()
    if folder is None:
        pytest.skip(f"{REASON}: set {EVALUATION_DATA_VARIABLE} to its folder")
    if not (folder / part).exists():
        pytest.skip(f"{REASON}: there is no {folder / part}")
    return folder / part
