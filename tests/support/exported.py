"""The exported networks: exported once for a run, even where several processes run it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tests.support.paths import REPOSITORY

FOLDER_VARIABLE = "FACEGRID_TEST_MODELS"
"""A folder that the processes of one run share, empty at its start; scripts/test.sh sets it."""


def export(folder: Path, *arguments: str) -> None:
    """Runs `facegrid export` into a folder, in a process that loads TensorFlow."""
    command = [sys.executable, "-m", "facegrid.cli.main", "export", *arguments, "--models-dir", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=280)


def filled_once(name: str, fill: Callable[[Path], None], own: Path) -> Path:
    """Returns a folder that `fill` has filled, in whichever process of this run needed it first.

    Args:
        name: Of the folder.
        fill: Gets an empty folder, which is renamed when it returns.
        own: Where the folder lies if the processes share none.
    """
    base = Path(os.environ.get(FOLDER_VARIABLE) or own)
    with FileLock(base / f"{name}.lock"):
        if not (base / name).exists():
            aside = base / f"{name}.aside"
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            fill(aside)
            aside.rename(base / name)
    return base / name
