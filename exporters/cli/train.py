"""`facegrid train`: networks that no package carries, trained on this machine."""

import argparse
import shlex
import sys
from pathlib import Path

from exporters.cli import _train_embedder
from exporters.cli._training import Bars, positive, progress_bars, require_tensorflow

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
    gan.add_argument("--epochs", type=positive, metavar="N", help="how often as many pictures as there are digits")
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
    _train_embedder.add_parser(networks)


def run_gan(args: argparse.Namespace) -> int:
    """Runs `train gan`; returns 0 when it is trained, else 1.

    Raises:
        UsageError: What training needs is not installed.
        OSError: The folder cannot be written.
    """
    require_tensorflow()
    from exporters.errors import ExportError  # noqa: PLC0415  (TensorFlow takes seconds to load)
    from exporters.training.digits.mnist import load_digits  # noqa: PLC0415
    from exporters.training.digits.train import GanConfig, train_gan  # noqa: PLC0415

    config = GanConfig(seed=args.seed, **({} if args.epochs is None else {"epochs": args.epochs}))
    try:
        digits, _ = load_digits(args.data)
        with progress_bars() as progress:
            command = shlex.join(["facegrid", *sys.argv[1:]])
            path = train_gan(config, digits, args.run_dir, command=command, report=Bars(progress), resume=args.resume)
    except ExportError as err:
        sys.stderr.write(f"facegrid: {err.message}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0
