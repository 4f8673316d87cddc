"""`facegrid train`: networks that no package carries, trained on this machine."""

import argparse
import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from facegrid.cli.usage import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_NEEDED = ("tensorflow", "keras", "tensorboard")
"""What the extra `export` brings."""

_GAN_DESCRIPTION = """\
Trains the generator and the discriminator of digits against each other, in a folder of its own:
first five networks that read digits, then pictures of two digits at once that they find undecided,
then both networks on digits and blends. A training that was interrupted goes on with --resume, and
ends as if it had not been. With the defaults it takes about 75 minutes on two cores.

Prints the file of weights, RUN_DIR/gan.npz; gan.json beside it says how they came about.
Exit code: 0 done, 1 failed, 2 wrong usage.
"""

_GAN_EXAMPLES = """\
examples:
  facegrid train gan --data mnist.npz             with a file in the layout of keras's
  facegrid train gan --resume                     go on after an interruption
  facegrid train gan --epochs 1 --run-dir short   a short one, to try
  tensorboard --logdir runs/gan                   losses and samples, while it runs
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `train`."""
    parser = subparsers.add_parser("train", help="train the networks that no package carries")
    networks = parser.add_subparsers(title="networks", metavar="NETWORK", required=True)
    gan = networks.add_parser(
        "gan",
        help="the generator and the discriminator of digits",
        description=_GAN_DESCRIPTION,
        epilog=_GAN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    gan.add_argument(
        "--data", default="download", metavar="FILE", help="mnist.npz; `download` (the default) lets keras fetch it"
    )
    gan.add_argument("--epochs", type=_positive, metavar="N", help="how often as many pictures as there are digits")
    gan.add_argument("--seed", type=int, default=1, metavar="N", help="of everything random (default: 1)")
    gan.add_argument(
        "--run-dir",
        type=Path,
        default=Path("runs/gan"),
        metavar="DIR",
        help="what the training keeps (default: %(default)s)",
    )
    gan.add_argument("--resume", action="store_true", help="go on with the training in RUN_DIR")
    gan.set_defaults(run=run_gan)


def run_gan(args: argparse.Namespace) -> int:
    """Runs `train gan`; returns 0 when it is trained, else 1.

    Raises:
        UsageError: What training needs is not installed.
        OSError: The folder cannot be written.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(f"training needs {', '.join(missing)}, not installed here: pip install 'facegrid[export]'")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from exporters.errors import ExportError  # noqa: PLC0415  (TensorFlow takes seconds to load)
    from exporters.training.gan_run import GanConfig, train_gan  # noqa: PLC0415
    from exporters.training.mnist import load_digits  # noqa: PLC0415

    config = GanConfig(seed=args.seed, **({} if args.epochs is None else {"epochs": args.epochs}))
    try:
        digits, _ = load_digits(args.data)
        with _progress() as progress:
            command = shlex.join(["facegrid", *sys.argv[1:]])
            path = train_gan(config, digits, args.run_dir, command=command, report=_Bars(progress), resume=args.resume)
    except ExportError as err:
        sys.stderr.write(f"facegrid: {err.message}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


class _Bars:
    """A bar for each stage, with what was measured last."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int, numbers: dict[str, float]) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total, numbers="")
        text = " ".join(f"{name} {number:.3f}" for name, number in numbers.items())
        self._progress.update(self._tasks[stage], completed=done, numbers=text)


def _progress() -> "Progress":
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


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"expected is a whole number from 1, not {text!r}")
    return int(text)
