"""`facegrid train embedder`: an Inception v3 that learns to tell faces apart."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from exporters.cli._training import Bars, positive, progress_bars, require_jax, require_tensorflow
from exporters.signatures import EMBEDDERS
from facegrid.cli.usage import UsageError

if TYPE_CHECKING:
    from exporters.training.embedder.config import EmbedderConfig

_MIN_PX = 75
"""`exporters.networks.inception_v3.MIN_PX`, which takes seconds to load."""
_CHIP_PX = EMBEDDERS[1].chip_px
_MOST_WARP_PX = 16
"""Farther, and eyes and mouths change places."""

_TEACHER = Path("models/embedder/1")

_DESCRIPTION = """\
Trains an Inception v3 to give two aligned faces of one person vectors that are near each other, in a
folder of its own. Objectives: `distill` learns the vectors of an exported embedder, for which nobody has
to be named; `triplet` and `arcface` learn from pictures of people who are told apart by their folders.
A training that was interrupted goes on with --resume, and ends as if it had not been.

--backend jax is for a GPU (or any accelerator of JAX's): there everything runs, the views and the teacher
too. It is for `distill` alone, every view is a new one, and the teacher is version 1 from its package.

DATA is a folder with a folder of pictures for each person, or a pack (.npz); every picture is an aligned
face: the chip of the embedder with a margin around it (docs/training.md).

Prints the file of weights, RUN_DIR/embedder.npz; embedder.json beside it says how they came about.
Exit code: 0 done, 1 failed, 2 wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid train embedder --data faces                          learn from embedder version 1 in models/
  facegrid train embedder --data faces --resume                 go on after an interruption
  facegrid train embedder --data faces --objective arcface --width 0.5 --run-dir runs/arcface
  facegrid train embedder --data faces --objective arcface --start runs/embedder/embedder.npz --run-dir runs/finer
  facegrid train embedder --data faces --backend jax --batch-size 512 --learning-rate 0.002
  facegrid train embedder --data faces.npz --pairs pairs.npz    and judge pairs of other people now and then
  tensorboard --logdir runs/embedder                            losses, accuracy, vectors
"""


def add_parser(networks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `train embedder`."""
    parser = networks.add_parser(
        "embedder",
        help="Inception v3, from another embedder or from labelled faces",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DATA", help="folder or pack of aligned faces")
    parser.add_argument(
        "--objective", choices=("distill", "triplet", "arcface"), help="what to learn (default: distill)"
    )
    parser.add_argument(
        "--backend", choices=("tensorflow", "jax"), help="what the training runs on (default: tensorflow)"
    )
    parser.add_argument(
        "--teacher", type=Path, metavar="DIR", help=f"exported embedder to learn from (default: {_TEACHER})"
    )
    parser.add_argument(
        "--pairs",
        type=Path,
        metavar="NPZ",
        help="pairs to judge now and then, of whose people nothing is learned (benchmarks/training/pair_chips.py)",
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="FILE",
        help="weights of such a training to start from, of this width or less (default: random ones)",
    )
    parser.add_argument("--width", type=_width, metavar="X", help="of the network; 1 is as published (default: 0.35)")
    parser.add_argument(
        "--crop-px", type=_crop_px, metavar="N", help="side of the middle of chips that is looked at (default: 150)"
    )
    parser.add_argument("--input-px", type=_side_px, metavar="N", help="side that this is shrunk to (default: 75)")
    parser.add_argument("--steps", type=positive, metavar="N", help="how long (default: 9000)")
    parser.add_argument("--batch-size", type=positive, metavar="N", help="faces in a step (default: 64)")
    parser.add_argument("--learning-rate", type=_above_0, metavar="X", help="the highest (default: 0.0015)")
    parser.add_argument(
        "--views",
        type=_from_0,
        metavar="N",
        help="different views of each face that the teacher is asked about (default: 16); 0: every view is a new one",
    )
    parser.add_argument("--blend-share", type=_share, metavar="X", help="of views that are two faces (default: 0.5)")
    parser.add_argument(
        "--seam-share",
        type=_share,
        metavar="X",
        help="of these, in which one face is beside the other; the rest are means of two (default: 0)",
    )
    parser.add_argument(
        "--warp-px", type=_warp_px, metavar="X", help="how far views are warped, which makes other faces (default: 0)"
    )
    parser.add_argument("--checkpoint-steps", type=positive, metavar="N", help="after how many steps to keep the state")
    parser.add_argument("--score-steps", type=positive, metavar="N", help="after how many steps to judge the pairs")
    parser.add_argument("--seed", type=int, metavar="N", help="of everything random (default: 1)")
    parser.add_argument(
        "--run-dir",
        type=Path,
        default=Path("runs/embedder"),
        metavar="DIR",
        help="what the training keeps (default: %(default)s)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the training in RUN_DIR")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs `train embedder`; returns 0 when it is trained, else 1.

    Raises:
        UsageError: What training needs is not installed.
        OSError: The folder cannot be written.
    """
    if args.backend == "jax":
        _settle_for_jax(args)
        require_jax()
    else:
        require_tensorflow()
    # Without it TensorFlow's own convolutions run, which took 10.2 ms for a face of the teacher; these took 7.0.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    from exporters.errors import ExportError  # noqa: PLC0415  (TensorFlow takes seconds to load)
    from exporters.training.embedder.config import EmbedderConfig  # noqa: PLC0415

    given = {field.name: getattr(args, field.name, None) for field in fields(EmbedderConfig)}
    config = EmbedderConfig(**{name: value for name, value in given.items() if value is not None})
    try:
        path = _train(config, args)
    except ExportError as err:
        sys.stderr.write(f"facegrid: {err.message}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


def _settle_for_jax(args: argparse.Namespace) -> None:
    """Sets what JAX does without being told, and refuses what it does not do."""
    if args.objective not in (None, "distill"):
        raise UsageError(f"--backend jax trains by distillation alone, not by {args.objective}: leave --backend out")
    if args.views:
        raise UsageError(f"--backend jax shows a new view every time, not {args.views} again: leave --views out")
    if args.teacher:
        raise UsageError("--backend jax learns from version 1 as it is in its package: leave --teacher out")
    args.views = 0


def _train(config: "EmbedderConfig", args: argparse.Namespace) -> Path:
    from exporters.training.embedder.aligned_faces import load_faces  # noqa: PLC0415
    from exporters.training.embedder.pairs import load_pairs  # noqa: PLC0415
    from exporters.training.embedder.run import EmbedderRun  # noqa: PLC0415
    from exporters.weights.inception_v3 import read_embedder  # noqa: PLC0415

    training = _on_jax() if config.backend == "jax" else _on_tensorflow(config, args)
    start = read_embedder(args.start) if args.start else None
    pairs = load_pairs(args.pairs, chip_px=_CHIP_PX) if args.pairs else None
    faces = load_faces(args.data, chip_px=_CHIP_PX, scored=pairs.people if pairs else None)
    sys.stderr.write(
        f"{len(faces.pictures)} pictures of {len(set(faces.people))} people; skipped, unreadable or of another size: "
        f"{faces.skipped}; left out, of people who are scored: {faces.left_out}\n"
    )
    with progress_bars() as progress:
        bars = Bars(progress)
        return training(
            EmbedderRun(
                config=config,
                faces=faces,
                run_dir=args.run_dir,
                pairs=pairs,
                start=start,
                command=shlex.join(["facegrid", *sys.argv[1:]]),
                report=lambda done, total, numbers: bars("embedder", done, total, numbers),
                resume=args.resume,
            )
        )


def _on_tensorflow(config: "EmbedderConfig", args: argparse.Namespace) -> Callable[..., Path]:
    from exporters.training.embedder.on_tensorflow.teacher import Teacher  # noqa: PLC0415
    from exporters.training.embedder.on_tensorflow.train import train_on_tensorflow  # noqa: PLC0415

    learns = config.objective == "distill"
    return partial(train_on_tensorflow, teacher=Teacher(args.teacher or _TEACHER, chip_px=_CHIP_PX) if learns else None)


def _on_jax() -> Callable[..., Path]:
    from exporters.training.embedder.on_jax.train import train_on_jax  # noqa: PLC0415

    return train_on_jax


def _number(text: str, what: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"expected is {what} from {low:g} to {high:g}, not {text!r}")
    return value


def _width(text: str) -> float:
    return _number(text, "a width", 0.1, 2)


def _share(text: str) -> float:
    return _number(text, "a share", 0, 1)


def _warp_px(text: str) -> float:
    return _number(text, "a distance", 0, _MOST_WARP_PX)


def _side_px(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) >= _MIN_PX):
        raise argparse.ArgumentTypeError(f"expected is a side of {_MIN_PX} px or more, not {text!r}")
    return int(text)


def _crop_px(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and _MIN_PX <= int(text) <= _CHIP_PX):
        raise argparse.ArgumentTypeError(f"expected is a side from {_MIN_PX} to {_CHIP_PX} px, not {text!r}")
    return int(text)


def _above_0(text: str) -> float:
    return _number(text, "a rate", 1e-9, 1)


def _from_0(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected is a whole number from 0, not {text!r}")
    return int(text)
