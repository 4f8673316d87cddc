"""What the commands of `facegrid train` share: what has to be installed, bars, numbers."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from facegrid.cli.usage import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_NEEDED = ("tensorflow", "keras", "tensorboard")
"""What the extra `export` brings."""

_NEEDED_JAX = ("jax", "keras", "face_recognition_models")


def require_tensorflow() -> None:
    """Looks whether what training needs is installed, and keeps TensorFlow quiet.

    Raises:
        UsageError: It is not.
    """
    _require(_NEEDED, "pip install 'facegrid[export]'")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def require_jax() -> None:
    """Looks whether what training on JAX needs is installed, and lets Keras run on it.

    Raises:
        UsageError: It is not.
    """
    _require(_NEEDED_JAX, "pip install 'facegrid[jax]' 'jax[cuda13]'")
    os.environ["KERAS_BACKEND"] = "jax"


def _require(names: Sequence[str], remedy: str) -> None:
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise UsageError(f"training needs {', '.join(missing)}, not installed here: {remedy}")


class Bars:
    """A bar for each stage, with what was measured last."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int, numbers: dict[str, float]) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total, numbers="")
        text = " ".join(f"{name} {number:.3f}" for name, number in numbers.items())
        self._progress.update(self._tasks[stage], completed=done, numbers=text)


def progress_bars() -> "Progress":
    """Returns the bars, on standard error where that is a terminal."""
    from rich.console import Console  # noqa: PLC0415  (for --help not needed)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description:8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[numbers]}"),
    )
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())


def positive(text: str) -> int:
    """Returns a whole number from 1, for argparse."""
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"expected is a whole number from 1, not {text!r}")
    return int(text)
