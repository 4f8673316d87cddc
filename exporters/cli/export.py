r"""Write the networks where a model server finds them.

A network is written as DIR/<model>/<version>/: a SavedModel with its warm-up requests, loaded again and compared before
it gets its name. A version is never overwritten. The models are pnet, rnet, onet, embedder, generator and
discriminator; all of them unless some are named. The number of a version of the embedder says which network it is (see
--network), so it is left out where it is there already.

Prints the folder of each model.

Exit code: 0 done, 1 failed, 2 wrong usage.

Examples:
  facegrid export                     all models, as the version after the
                                      highest there is
  facegrid export --if-missing        only those that have no version yet
  facegrid export pnet --version 7 --models-dir /srv/models
  facegrid export embedder --network inception_v3
                                      the second embedder, beside the first
  facegrid export embedder --network inception_v3 \
    --weights runs/embedder/embedder.npz
                                      the same network as you have trained it
  facegrid export onet --tensorboard logs
                                      and then: tensorboard --logdir logs
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from exporters.errors import ExportError
from exporters.signatures import CONTRACTS, EMBEDDER, EMBEDDER_VERSION, EMBEDDERS
from exporters.versions import MAX_VERSION, versions
from facegrid.cli.command import command
from facegrid.cli.usage import UsageError

_NEEDED = ("tensorflow", "keras", "tensorflow_serving", "joblib", "lz4", "mtcnn", "face_recognition_models")
"""What the extra `export` brings."""

_NETWORKS = {one.network: number for number, one in EMBEDDERS.items()}


@command(__doc__)
def export(
    *,
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="what to export (default: all)", show_default=False),
    ] = None,
    models_dir: Annotated[Path, typer.Option(metavar="DIR", help="where to write")] = Path("models"),
    version: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=MAX_VERSION, help="number of the version (default: the next one)"),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(_NETWORKS),
            help=f"which network of {EMBEDDER.name}, in place of its number: "
            + ", ".join(f"{number} is {name}" for name, number in _NETWORKS.items())
            + f"; {EMBEDDER_VERSION} unless another is named",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="what `facegrid train embedder` wrote, in place of our weights of inception_v3",
        ),
    ] = None,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="leave out models that have a version already")
    ] = False,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="write the graphs for TensorBoard, too")
    ] = None,
) -> int:
    """Runs the command; returns 0 when every model was exported, else 1.

    Raises:
        UsageError: There is no such model or network, or what exporting needs is not installed.
        OSError: A folder cannot be written.
    """
    named = list(dict.fromkeys(models or CONTRACTS))
    for model in named:
        if model not in CONTRACTS:
            raise UsageError(f"there is no model {model!r}; the models are {', '.join(CONTRACTS)}")
    if network is not None and network not in _NETWORKS:
        raise UsageError(f"there is no network {network!r}; the networks are {', '.join(_NETWORKS)}")
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(f"exporting needs {', '.join(missing)}, not installed here: pip install 'facegrid[export]'")
    if network is not None:
        if named != [EMBEDDER.name] or version is not None:
            return _fail(f"--network names a version of {EMBEDDER.name}: facegrid export {EMBEDDER.name} --network ...")
        version = _NETWORKS[network]
    if EMBEDDER.name in named and version is not None and version not in EMBEDDERS:
        known = ", ".join(map(str, EMBEDDERS))
        return _fail(f"there is no version {version} of {EMBEDDER.name}: its versions are {known}, by network")
    with _progress() as progress:
        for model in named:
            found = versions(models_dir / model)
            if network is not None:
                present = found.get(_NETWORKS[network])
            elif if_missing and found:
                present = found[max(found)]
            else:
                present = found.get(EMBEDDER_VERSION) if model == EMBEDDER.name and version is None else None
            try:
                path = present or _export(
                    model, models_dir, version, weights=weights, tensorboard=tensorboard, progress=progress
                )
            except ExportError as err:
                progress.stop()
                return _fail(err.message)
            sys.stdout.write(f"{path}\n")
            sys.stdout.flush()
    return 0


def _export(
    model: str,
    models_dir: Path,
    version: int | None,
    *,
    weights: Path | None,
    tensorboard: Path | None,
    progress: Progress,
) -> Path:
    """Exports a model and returns its folder.

    Raises:
        ExportError: See `exporters.export.export`.
        OSError: The folder cannot be written.
    """
    task = progress.add_task(f"{model}: loading TensorFlow", total=None)
    with _quiet_stderr():
        # TensorFlow takes seconds to load.
        from exporters import export as exporting  # noqa: PLC0415
        from exporters.weights.inception_v3 import FILE  # noqa: PLC0415

        def on_step(step: str) -> None:
            progress.update(
                task, description=f"{model}: {step}", completed=exporting.STEPS.index(step), total=len(exporting.STEPS)
            )

        path = exporting.export(model, models_dir, version, weights=weights or FILE, on_step=on_step)
        if tensorboard:
            exporting.write_tensorboard(model, tensorboard, version, weights=weights or FILE)
    progress.update(task, description=f"{model}: done", completed=len(exporting.STEPS), total=len(exporting.STEPS))
    return path


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keeps what TensorFlow's libraries write to standard error from the terminal.

    They report missing GPU drivers and deprecated functions, some of it before any of their settings
    holds. What fails is raised, and thereby reported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # exports are made and compared on the CPU
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Gives a bar for each model, on standard error where that is a terminal."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), TimeElapsedColumn())
    # A descriptor of its own: the usual one leads nowhere while TensorFlow writes.
    with os.fdopen(os.dup(2), "w") as terminal:
        console = Console(file=terminal)
        with Progress(*columns, console=console, disable=not terminal.isatty(), redirect_stdout=False) as progress:
            yield progress


def _fail(message: str) -> int:
    sys.stderr.write(f"facegrid: {message}\n")
    return 1
