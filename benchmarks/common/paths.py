"""Folders of pictures: the samples of this repository, and the evaluation data beside it."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"


def evaluation_data() -> Path:
    """Returns the folder of the evaluation data: $FACEGRID_EVALUATION_DATA, else `shared/data` beside the checkout."""
    named = os.environ.get("FACEGRID_EVALUATION_DATA")
    return Path(named) if named else ROOT.parent / "shared" / "data"
