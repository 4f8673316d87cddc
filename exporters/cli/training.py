"""What the commands of `facegrid train` share: what has to be installed, progress bars, options."""

import os
import shlex
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from facegrid.cli.usage import UsageError

_NEEDED = ("tensorflow", "keras", "tensorboard")
"""What the extra `export` brings."""

_NEEDED_JAX = ("jax", "keras", "face_recognition_models")

Resume = Annotated[bool, typer.Option("--resume", help="go on with the training in RUN_DIR")]


def require_tensorflow() -> None:
    """Checks that what training needs is installed, and keeps TensorFlow quiet.

    Raises:
        UsageError: It is not installed.
    """
    _require(_NEEDED, "pip install 'facegrid[export]'")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def require_jax() -> None:
    """Checks that what training on JAX needs is installed, and lets Keras run on JAX.

    Raises:
        UsageError: It is not installed.
    """
    _require(_NEEDED_JAX, "pip install 'facegrid[jax]' 'jax[cuda13]'")
    os.environ["KERAS_BACKEND"] = "jax"


def _require(names: Sequence[str], remedy: str) -> None:
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise UsageError(f"training needs {', '.join(missing)}, not installed here: {remedy}")


def typed_command() -> str:
    """Returns the command line of this process, for the record of a training."""
    return shlex.join(["facegrid", *sys.argv[1:]])


class Bars:
    """A bar for each stage, with what was measured last."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int, numbers: dict[str, float]) -> None:
        """Shows how far a stage is."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total, numbers="")
        text = " ".join(f"{name} {number:.3f}" for name, number in numbers.items())
        self._progress.update(self._tasks[stage], completed=done, numbers=text)


def progress_bars() -> Progress:
    """Returns the bars, on standard error where that is a terminal."""
    columns = (
        TextColumn("{task.description:8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[numbers]}"),
    )
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
