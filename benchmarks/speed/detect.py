"""How long does it take to find the faces of a picture, against the `mtcnn` package?

Runs in turn, in one run: `mtcnn` in process, our pipeline in process, and our service over gRPC with
one caller and with eight. The local stack is started for it, unless --target names a running service.

    python -m benchmarks.speed.detect                      # all sizes, about ten minutes on two cores
    python -m benchmarks.speed.detect --size 640x480 --rounds 20
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

import facegrid
from benchmarks.common.in_process import InProcessPredictor
from benchmarks.common.machine import conditions
from benchmarks.common.scene import jpeg, scene
from benchmarks.common.service import service
from orchestrator.deadline import Deadline
from orchestrator.pipeline.cascade import detect
from orchestrator.types import DetectOptions

_CALLERS = 8
_SIZES = ("640x480", "1280x720", "4000x3000")
_OURS = "ours, in process"
_ONE, _EIGHT = "served, 1 caller", f"served, {_CALLERS} callers"


@dataclass(frozen=True)
class DetectContender:
    """Something that finds faces; `seconds` runs it once and returns the time for each picture."""

    name: str
    seconds: Callable[[], float]


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.detect",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--target", help="HOST:PORT of a running service (default: start one)")
    parser.add_argument("--size", action="append", help=f"WIDTHxHEIGHT, may be repeated (default: {', '.join(_SIZES)})")
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each contender (default: %(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measures and prints a table for each size."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The stack must be stopped when the measurement is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    with service(args.target, args.models_dir) as target:
        for size in args.size or _SIZES:
            width, height = map(int, size.split("x"))
            picture = scene(width, height)
            with facegrid.connect(target) as client:
                contenders = [_mtcnn(picture), _in_process(picture, args.models_dir), *_served(picture, client)]
                results = _measure(contenders, args.rounds, f"{size}, {len(client.detect(jpeg(picture)))} faces")
            console.print(_table(size, results))
    console.print(conditions("tensorflow", "mtcnn", "ray", "opencv-python-headless", "numpy"))
    return 0


def _measure(contenders: list[DetectContender], rounds: int, title: str) -> dict[str, list[float]]:
    """Returns seconds by contender: one run each to warm up, then all in turn, `rounds` times."""
    for contender in contenders:
        contender.seconds()
    found: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in track(range(rounds), description=title):
        for contender in contenders:
            found[contender.name].append(contender.seconds())
    return found


def _table(size: str, results: dict[str, list[float]]) -> Table:
    table = Table("contender", "median ms", "min", "max", "pictures/s", "time against mtcnn", title=size)
    reference = results["mtcnn"]
    for name, seconds in results.items():
        # Round by round, so that a drift of the machine's speed cancels.
        ratio = median(own / theirs for own, theirs in zip(seconds, reference, strict=True))
        ms = [1000 * value for value in (median(seconds), min(seconds), max(seconds))]
        table.add_row(name, *(f"{value:.0f}" for value in ms), f"{1 / median(seconds):.1f}", f"{ratio:.2f} x")
    return table


def _mtcnn(picture: NDArray[np.uint8]) -> DetectContender:
    from mtcnn import MTCNN  # noqa: PLC0415 - loads TensorFlow

    detector = MTCNN()
    return DetectContender("mtcnn", lambda: _timed(lambda: detector.detect_faces(picture, min_face_size=20)))


def _in_process(picture: NDArray[np.uint8], models_dir: Path) -> DetectContender:
    loop = asyncio.new_event_loop()
    predictor = InProcessPredictor(models_dir)
    loop.run_until_complete(predictor.start())

    def once() -> None:
        found = detect(picture, DetectOptions(), predictor, max_candidates=8192, deadline=Deadline(300))
        loop.run_until_complete(found)

    return DetectContender(_OURS, lambda: _timed(once))


def _served(picture: NDArray[np.uint8], client: facegrid.Client) -> Iterator[DetectContender]:
    data = jpeg(picture)
    yield DetectContender(_ONE, lambda: _timed(lambda: client.detect(data, timeout_s=100)))
    count = 2 * _CALLERS if picture.size < 10_000_000 else _CALLERS
    pool = ThreadPoolExecutor(_CALLERS)

    def together() -> None:
        list(pool.map(lambda _: client.detect(data, timeout_s=100), range(count)))

    yield DetectContender(_EIGHT, lambda: _timed(together) / count)


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
