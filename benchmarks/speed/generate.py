"""What do 1,000 digits cost in one call of the service, against the same batch in process?

Runs in turn, in one run: the exported generator as a session in this process, given the finished noise of all
pictures at once, and `Client.generate`, from a seed to an array, through Ray Serve, the orchestrator and the model
server. Both may use every core. The local stack is started for it, unless --target names a running service.

    python -m benchmarks.speed.generate                # about a minute on two cores
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

import facegrid
from benchmarks.common.machine import conditions
from benchmarks.common.service import service
from exporters.signatures import GENERATOR, SERVING_DEFAULT
from exporters.versions import versions
from orchestrator.pipeline.digits import mix
from orchestrator.pipeline.noise import noise_of

_DIGIT, _SEED = 7, 1
_SESSION, _SERVED = "session", "served"

Draw = Callable[[], NDArray[np.uint8]]


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.generate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--target", help="HOST:PORT of a running service (default: start one)")
    parser.add_argument("--count", type=int, default=1_000, help="pictures of a call (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each (default: %(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measures and prints a table."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The stack must be stopped when the measurement is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=120)
    with service(args.target, args.models_dir) as target, facegrid.connect(target) as client:
        contenders: dict[str, Draw] = {
            _SESSION: _session(args.models_dir, args.count),
            _SERVED: lambda: client.generate(_DIGIT, args.count, _SEED, timeout_s=100),
        }
        # The first runs are the slow ones, and show that both draw the same.
        first = {name: draw().astype(int) for name, draw in contenders.items()}
        results = _measure(contenders, args.rounds)
    console.print(_table(args.count, results))
    differing = np.count_nonzero(first[_SESSION] != first[_SERVED])
    most = np.abs(first[_SESSION] - first[_SERVED]).max()
    console.print(f"{differing:,} of {first[_SERVED].size:,} pixels differ, by {most} of 255 at most")
    console.print(conditions("tensorflow", "ray", "grpcio", "numpy"))
    return 0


def _measure(contenders: dict[str, Draw], rounds: int) -> dict[str, list[float]]:
    """Returns seconds by contender, all in turn, `rounds` times."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in track(range(rounds), description="rounds"):
        for name, draw in contenders.items():
            begin = time.perf_counter()
            draw()
            found[name].append(time.perf_counter() - begin)
    return found


def _table(count: int, results: dict[str, list[float]]) -> Table:
    table = Table("contender", "median ms", "min", "max", "digits/s", "time against session", title=f"{count} digits")
    for name, seconds in results.items():
        # Round by round, so that a drift of the machine's speed cancels.
        ratio = median(own / theirs for own, theirs in zip(seconds, results[_SESSION], strict=True))
        ms = [f"{1000 * value:.0f}" for value in (median(seconds), min(seconds), max(seconds))]
        table.add_row(name, *ms, f"{count / median(seconds):.0f}", f"{ratio:.2f} x")
    return table


def _session(models_dir: Path, count: int) -> Draw:
    from model_server.run.saved_model import load  # noqa: PLC0415 - loads TensorFlow

    found = versions(models_dir / GENERATOR.name)
    servable = load(found[max(found)], tags=["serve"])
    signature = servable.signatures[SERVING_DEFAULT]
    noise, labels = noise_of(_SEED, 0, count), np.tile(mix([(_DIGIT, 1.0)]), (count, 1))
    feeds: list[tuple[Any, NDArray[Any]]] = [(signature.inputs["noise"], noise), (signature.inputs["labels"], labels)]

    def draw() -> NDArray[np.uint8]:
        (images,) = servable.run(feeds, [signature.outputs["images"]])
        return images[..., 0]

    return draw


if __name__ == "__main__":
    sys.exit(main())
