from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def photo() -> np.ndarray:
    """Pixels that no lossy format keeps."""
    return np.random.default_rng(7).integers(0, 256, (41, 67, 3), np.uint8)


@pytest.fixture(scope="session")
def data() -> Path:
    """Small files that cannot be made here."""
    return Path(__file__).parent / "data"
