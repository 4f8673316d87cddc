"""`facegrid export`: the networks as folders that a model server can take."""

import argparse
import os
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from exporters.signatures import CONTRACTS, EMBEDDER, EMBEDDER_VERSION, EMBEDDERS
from exporters.versions import MAX_VERSION, versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

_NEEDED = ("tensorflow", "keras", "tensorflow_serving", "joblib", "lz4", "mtcnn", "face_recognition_models")
"""What the extra `export` brings."""

_NETWORKS = ", ".join(f"{number} is {one.network}" for number, one in EMBEDDERS.items())

_DESCRIPTION = f"""\
Writes networks as DIR/<model>/<version>/, where a model server finds them: a SavedModel with
its warm-up requests, loaded again and compared before it gets its name. A version is never
overwritten. The models are {", ".join(CONTRACTS)}; all of them unless some are named. The number of
a version of {EMBEDDER.name} says which network it is, so it is left out where it is there already:
{_NETWORKS}; {EMBEDDER_VERSION} unless another is named.

Prints the folder of each model. Exit code: 0 done, 1 failed, 2 wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid export                              all models, as the version after the highest there is
  facegrid export --if-missing                 only those that have no version yet
  facegrid export pnet --version 7 --models-dir /srv/models
  facegrid export embedder --network inception_v3
                                               the second embedder, beside the first
  facegrid export embedder --network inception_v3 --weights runs/embedder/embedder.npz
                                               the same network as you have trained it
  facegrid export onet --tensorboard logs      and then: tensorboard --logdir logs
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `export`."""
    parser = subparsers.add_parser(
        "export",
        help="write the networks where a model server finds them",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", nargs="*", type=_model, metavar="MODEL", help="what to export (default: all)")
    parser.add_argument(
        "--models-dir", type=Path, default=Path("models"), metavar="DIR", help="where to (default: models)"
    )
    parser.add_argument("--version", type=_version, metavar="N", help="number of the version (default: the next one)")
    parser.add_argument(
        "--network",
        choices=[one.network for one in EMBEDDERS.values()],
        help=f"which network of {EMBEDDER.name}, in place of its number",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="what `facegrid train embedder` left, in place of our weights of inception_v3",
    )
    parser.add_argument("--if-missing", action="store_true", help="leave out models that have a version already")
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="write the graphs for TensorBoard, too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; returns 0 when every model was exported, else 1.

    Raises:
        OSError: A folder cannot be written.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        return _fail(f"exporting needs {', '.join(missing)}, not installed here: pip install 'facegrid[export]'")
    models = list(dict.fromkeys(args.models)) or list(CONTRACTS)
    if args.network:
        if models != [EMBEDDER.name] or args.version is not None:
            return _fail(f"--network names a version of {EMBEDDER.name}: facegrid export {EMBEDDER.name} --network ...")
        args.version = next(number for number, one in EMBEDDERS.items() if one.network == args.network)
    if EMBEDDER.name in models and args.version is not None and args.version not in EMBEDDERS:
        known = ", ".join(map(str, EMBEDDERS))
        return _fail(f"there is no version {args.version} of {EMBEDDER.name}: its versions are {known}, by network")
    with _progress() as progress:
        for model in models:
            present = _present(model, args)
            if present:
                _print_path(present)
                continue
            error = _export(model, args, progress)
            if error:
                progress.stop()
                return _fail(error)
    return 0


def _present(model: str, args: argparse.Namespace) -> Path | None:
    """Returns the version that makes exporting needless, if there is one."""
    found = versions(args.models_dir / model)
    if args.network:
        return found.get(args.version)
    if args.if_missing and found:
        return found[max(found)]
    return found.get(EMBEDDER_VERSION) if model == EMBEDDER.name and args.version is None else None


def _export(model: str, args: argparse.Namespace, progress: "Progress") -> str | None:
    """Exports a model and returns what went wrong, if anything did."""
    task = progress.add_task(f"{model}: loading TensorFlow", total=None)
    with _quiet_stderr():
        from exporters.errors import ExportError  # noqa: PLC0415  (the same)
        from exporters.export import STEPS, export, write_tensorboard  # noqa: PLC0415
        from exporters.weights.inception_v3 import FILE  # noqa: PLC0415  (TensorFlow takes seconds to load)

        def on_step(step: str) -> None:
            progress.update(task, description=f"{model}: {step}", completed=STEPS.index(step), total=len(STEPS))

        try:
            weights = args.weights or FILE
            path = export(model, args.models_dir, args.version, weights=weights, on_step=on_step)
            if args.tensorboard:
                write_tensorboard(model, args.tensorboard, args.version, weights=weights)
        except ExportError as err:
            return err.message
    progress.update(task, description=f"{model}: done", completed=len(STEPS), total=len(STEPS))
    _print_path(path)
    return None


@contextmanager
def _quiet_stderr() -> "Iterator[None]":
    """Keeps what TensorFlow's libraries write to standard error from the terminal.

    They report missing GPU drivers and deprecated functions, some of it before any of their settings
    holds. What fails is raised, and thereby said.
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
def _progress() -> "Iterator[Progress]":
    """Gives a bar for each model, on standard error where that is a terminal."""
    from rich.console import Console  # noqa: PLC0415  (for --help not needed)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description:24}"), BarColumn(), TimeElapsedColumn())
    # A descriptor of its own: the usual one leads nowhere while TensorFlow speaks.
    with os.fdopen(os.dup(2), "w") as terminal:
        console = Console(file=terminal)
        with Progress(*columns, console=console, disable=not terminal.isatty(), redirect_stdout=False) as progress:
            yield progress


def _print_path(path: Path) -> None:
    sys.stdout.write(f"{path}\n")
    sys.stdout.flush()


def _fail(message: str) -> int:
    sys.stderr.write(f"facegrid: {message}\n")
    return 1


def _model(name: str) -> str:
    if name not in CONTRACTS:
        raise argparse.ArgumentTypeError(f"there is no model {name!r}; the models are {', '.join(CONTRACTS)}")
    return name


def _version(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_VERSION):
        raise argparse.ArgumentTypeError(f"a version is a whole number from 1 to {MAX_VERSION}, not {text!r}")
    return int(text)
