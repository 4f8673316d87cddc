import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def exported_models(tmp_path_factory) -> Path:
    """A models folder with version 1 of every network; exported once, in a process of its own."""
    folder = tmp_path_factory.mktemp("models")
    command = [sys.executable, "-m", "facegrid.cli.main", "export", "--models-dir", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=180)
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of committed pictures."""
    return REPOSITORY / "samples"
