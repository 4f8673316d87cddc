r"""Train an Inception v3, from another embedder or from labelled faces.

It learns to give two aligned faces of one person vectors that are near each other, in a folder of its own. Objectives:
`distill` learns the vectors of an exported embedder, for which no person has to be named; `triplet` and `arcface` learn
from pictures of people who are told apart by their folders. A training that was interrupted goes on with --resume, and
ends as if it had not been.

--backend jax is for a GPU (or any accelerator of JAX's): there everything runs, the views and the teacher too. It is
for `distill` alone, every view is a new one, and the teacher is version 1 from its package.

DATA is a folder with a folder of pictures for each person, or a pack (.npz); every picture is an aligned face, such as
`facegrid chips` cuts: the chip of the embedder with a margin around it (docs/training.md).

Prints the file of weights, RUN_DIR/embedder.npz; embedder.json beside it says how they were made.

Exit code: 0 done, 1 failed, 2 wrong usage.

Examples:
  facegrid train embedder --data faces    learn from embedder version 1 in
                                          models/
  facegrid train embedder --data faces --resume
                                          go on after an interruption
  facegrid train embedder --data faces --objective arcface --width 0.5 \
    --run-dir runs/arcface
  facegrid train embedder --data faces --objective arcface \
    --start runs/embedder/embedder.npz --run-dir runs/finer
  facegrid train embedder --data faces --backend jax --batch-size 512 \
    --learning-rate 0.002
  facegrid train embedder --data faces.npz --pairs pairs.npz
                                          and judge pairs of other people now
                                          and then
  tensorboard --logdir runs/embedder      losses, accuracy, vectors
"""

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from exporters.cli.training import (
    Bars,
    Resume,
    progress_bars,
    require_jax,
    require_tensorflow,
    typed_command,
)
from exporters.errors import ExportError
from exporters.signatures import EMBEDDERS
from exporters.training.embedder.config import EmbedderConfig
from facegrid.cli.command import command
from facegrid.cli.usage import UsageError

_MIN_PX = 75
"""`exporters.networks.inception_v3.MIN_PX`, which takes seconds to load."""
_CHIP_PX = EMBEDDERS[1].chip_px
_MOST_WARP_PX = 16
"""Farther, and eyes and mouths change places."""

_TEACHER = Path("models/embedder/1")
_DEFAULT = EmbedderConfig()


def _option(help_text: str, default: float, metavar: str = "N", **settings: Any) -> Any:
    """Returns an option whose help names the default of the training."""
    return typer.Option(metavar=metavar, help=f"{help_text} (default: {default:g})", **settings)


@dataclass(frozen=True)
class TrainingArguments:
    """The fields of `EmbedderConfig` that may be given; None is its default."""

    objective: Annotated[
        Literal["distill", "triplet", "arcface"] | None,
        typer.Option(help=f"what to learn (default: {_DEFAULT.objective})"),
    ] = None
    backend: Annotated[
        Literal["tensorflow", "jax"] | None,
        typer.Option(help=f"what the training runs on (default: {_DEFAULT.backend})"),
    ] = None
    width: Annotated[
        float | None, _option("width of the network; 1 is as published", _DEFAULT.width, "X", min=0.1, max=2)
    ] = None
    crop_px: Annotated[
        int | None,
        _option("side of the middle of chips that is looked at", _DEFAULT.crop_px, min=_MIN_PX, max=_CHIP_PX),
    ] = None
    input_px: Annotated[int | None, _option("side that this is shrunk to", _DEFAULT.input_px, min=_MIN_PX)] = None
    steps: Annotated[int | None, _option("number of training steps", _DEFAULT.steps, min=1)] = None
    batch_size: Annotated[int | None, _option("faces in a step", _DEFAULT.batch_size, min=1)] = None
    learning_rate: Annotated[
        float | None, _option("highest learning rate", _DEFAULT.learning_rate, "X", min=1e-9, max=1)
    ] = None
    views: Annotated[
        int | None,
        _option(
            "different views of each face that the teacher is asked about; 0: every view is a new one",
            _DEFAULT.views,
            min=0,
        ),
    ] = None
    blend_share: Annotated[
        float | None, _option("share of views that are made of two faces", _DEFAULT.blend_share, "X", min=0, max=1)
    ] = None
    seam_share: Annotated[
        float | None,
        _option(
            "share of these in which one face is beside the other; the rest are means of two",
            _DEFAULT.seam_share,
            "X",
            min=0,
            max=1,
        ),
    ] = None
    warp_px: Annotated[
        float | None,
        _option("how far views are warped, which makes other faces", _DEFAULT.warp_px, "X", min=0, max=_MOST_WARP_PX),
    ] = None
    checkpoint_steps: Annotated[
        int | None, _option("steps after which the state is kept", _DEFAULT.checkpoint_steps, min=1)
    ] = None
    score_steps: Annotated[
        int | None, _option("steps after which the pairs are judged", _DEFAULT.score_steps, min=1)
    ] = None
    seed: Annotated[int | None, _option("seed of the random numbers", _DEFAULT.seed)] = None

    def config(self) -> EmbedderConfig:
        """Returns what the training does."""
        return EmbedderConfig(**{name: value for name, value in asdict(self).items() if value is not None})


@command(__doc__)
def embedder(
    *,
    data: Annotated[Path, typer.Option(metavar="DATA", help="folder or pack of aligned faces")],
    training: TrainingArguments,
    teacher: Annotated[
        Path | None, typer.Option(metavar="DIR", help=f"exported embedder to learn from (default: {_TEACHER})")
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            metavar="NPZ",
            help="pairs to judge now and then, of whose people nothing is learned (benchmarks/training/pair_chips.py)",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="weights of an earlier training to start from, of this width or less (default: random ones)",
        ),
    ] = None,
    run_dir: Annotated[Path, typer.Option(metavar="DIR", help="where the training keeps its files")] = Path(
        "runs/embedder"
    ),
    resume: Resume = False,
) -> int:
    """Runs the training; returns 0 when it is done, else 1.

    Raises:
        UsageError: What training needs is not installed, or options that do not go together.
        OSError: The folder cannot be written.
    """
    if training.backend == "jax":
        training = _for_jax(training, teacher)
        require_jax()
    else:
        require_tensorflow()
    # Without it TensorFlow's own convolutions run, which took 10.2 ms for a face of the teacher; these took 7.0.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        path = _train(
            training.config(), data, teacher=teacher, pairs=pairs, start=start, run_dir=run_dir, resume=resume
        )
    except ExportError as err:
        sys.stderr.write(f"facegrid: {err.message}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


def _for_jax(training: TrainingArguments, teacher: Path | None) -> TrainingArguments:
    """Returns the arguments with what JAX always does, and refuses what it does not do."""
    if training.objective not in (None, "distill"):
        raise UsageError(
            f"--backend jax trains by distillation alone, not by {training.objective}: leave --backend out"
        )
    if training.views:
        raise UsageError(f"--backend jax shows a new view every time, not {training.views} again: leave --views out")
    if teacher:
        raise UsageError("--backend jax learns from version 1 as it is in its package: leave --teacher out")
    return replace(training, views=0)


def _train(
    config: EmbedderConfig,
    data: Path,
    *,
    teacher: Path | None,
    pairs: Path | None,
    start: Path | None,
    run_dir: Path,
    resume: bool,
) -> Path:
    # TensorFlow and JAX take seconds to load.
    from exporters.training.embedder.aligned_faces import load_faces  # noqa: PLC0415
    from exporters.training.embedder.pairs import load_pairs  # noqa: PLC0415
    from exporters.training.embedder.run import EmbedderRun  # noqa: PLC0415
    from exporters.weights.inception_v3 import read_embedder  # noqa: PLC0415

    train = _on_jax() if config.backend == "jax" else _on_tensorflow(config, teacher)
    weights = read_embedder(start) if start else None
    scored = load_pairs(pairs, chip_px=_CHIP_PX) if pairs else None
    faces = load_faces(data, chip_px=_CHIP_PX, scored=scored.people if scored else None)
    sys.stderr.write(
        f"{len(faces.pictures)} pictures of {len(set(faces.people))} people; skipped, unreadable or of another size: "
        f"{faces.skipped}; left out, of people who are scored: {faces.left_out}\n"
    )
    with progress_bars() as progress:
        bars = Bars(progress)
        return train(
            EmbedderRun(
                config=config,
                faces=faces,
                run_dir=run_dir,
                pairs=scored,
                start=weights,
                command=typed_command(),
                report=lambda done, total, numbers: bars("embedder", done, total, numbers),
                resume=resume,
            )
        )


def _on_tensorflow(config: EmbedderConfig, teacher: Path | None) -> Callable[..., Path]:
    from exporters.training.embedder.on_tensorflow.teacher import Teacher  # noqa: PLC0415
    from exporters.training.embedder.on_tensorflow.train import train_on_tensorflow  # noqa: PLC0415

    learns = config.objective == "distill"
    return partial(train_on_tensorflow, teacher=Teacher(teacher or _TEACHER, chip_px=_CHIP_PX) if learns else None)


def _on_jax() -> Callable[..., Path]:
    from exporters.training.embedder.on_jax.train import train_on_jax  # noqa: PLC0415

    return train_on_jax
