"""Train the generator and the discriminator of digits.

They are trained against each other, in a folder of their own: first five networks that read digits, then pictures of
two digits at once that they find undecided, then both networks on digits and blends. A training that was interrupted
goes on with --resume, and ends as if it had not been. With the defaults it takes about 75 minutes on two cores.

Prints the file of weights, RUN_DIR/gan.npz; gan.json beside it says how they were made.

Exit code: 0 done, 1 failed, 2 wrong usage.

Examples:
  facegrid train gan --data mnist.npz       with a file in keras's layout
  facegrid train gan --resume               go on after an interruption
  facegrid train gan --epochs 1 --run-dir short
                                            a short one, to try
  tensorboard --logdir runs/gan             losses and samples, while it runs
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from exporters.cli.training import Bars, Resume, progress_bars, require_tensorflow, typed_command
from exporters.errors import ExportError
from facegrid.cli.command import command


@command(__doc__)
def gan(
    *,
    data: Annotated[
        str, typer.Option(metavar="FILE", help="mnist.npz; with `download` keras downloads it")
    ] = "download",
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="passes over as many pictures as there are digits")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="seed of the random numbers")] = 1,
    run_dir: Annotated[Path, typer.Option(metavar="DIR", help="where the training keeps its files")] = Path("runs/gan"),
    resume: Resume = False,
) -> int:
    """Runs the training; returns 0 when it is done, else 1.

    Raises:
        UsageError: What training needs is not installed.
        OSError: The folder cannot be written.
    """
    require_tensorflow()
    # TensorFlow takes seconds to load.
    from exporters.training.digits.mnist import load_digits  # noqa: PLC0415
    from exporters.training.digits.train import GanConfig, train_gan  # noqa: PLC0415

    config = GanConfig(seed=seed, **({} if epochs is None else {"epochs": epochs}))
    try:
        digits, _ = load_digits(data)
        with progress_bars() as progress:
            path = train_gan(config, digits, run_dir, command=typed_command(), report=Bars(progress), resume=resume)
    except ExportError as err:
        sys.stderr.write(f"facegrid: {err.message}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0
