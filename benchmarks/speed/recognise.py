"""What does a vector cost: served, by the same session called directly, and by dlib's own code?

Runs in turn, in one run, each in a process of its own: the exported embedder as a session, the same behind the model
server and our client for it, and dlib's native network with the same weights (`dlib-bin`). Each is given finished
chips, one or 64 at a time, and may use every core.

    python -m benchmarks.speed.recognise                # about three minutes on two cores
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.common.machine import conditions
from benchmarks.common.server_process import model_server
from exporters.signatures import EMBEDDER_VERSION, EMBEDDERS, SERVING_DEFAULT
from orchestrator.types import Chips

_BATCHES = {1: 20, 64: 1}
"""Chips of one call, and calls of one measurement."""

_CONFIG = """\
model_config_list {{
  config {{
    name: "embedder" base_path: "{}" model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: {} }} }}
  }}
}}
"""

_DIRECT, _SERVED, _DLIB = "session", "served", "dlib"

Embed = Callable[[Chips], object]


@dataclass(frozen=True)
class EmbedContender:
    """Something that embeds; `seconds` gives the time of one call with that many chips."""

    name: str
    seconds: Callable[[int], float]
    pid: int
    """Of the process that computes."""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.recognise",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument(
        "--batch", type=int, action="append", choices=_BATCHES, help="chips of one call; may be repeated (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each contender (default: %(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measures and prints a table."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    console = Console(width=120)
    folder = args.models_dir / "embedder" / str(EMBEDDER_VERSION)
    with ExitStack() as stack:
        contenders = [
            stack.enter_context(_in_child(_DIRECT, _session, str(folder))),
            stack.enter_context(_served(args.models_dir / "embedder")),
            stack.enter_context(_in_child(_DLIB, _dlib)),
        ]
        for count in args.batch or _BATCHES:
            console.print(_table(count, contenders, _measure(contenders, count, args.rounds)))
    console.print(conditions("tensorflow", "dlib-bin", "numpy"))
    return 0


def chips(count: int) -> Chips:
    """Returns that many different chips of noise; the networks take the same time for any."""
    side = EMBEDDERS[EMBEDDER_VERSION].chip_px
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


def _measure(contenders: list[EmbedContender], count: int, rounds: int) -> dict[str, list[float]]:
    """Returns seconds of a call by contender: one to warm up, then all in turn, `rounds` times."""
    found: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        contender.seconds(count)
    for _ in range(rounds):
        for contender in contenders:
            found[contender.name].append(contender.seconds(count))
    return found


def _table(count: int, contenders: list[EmbedContender], results: dict[str, list[float]]) -> Table:
    table = Table(
        "contender", "median ms", "min", "max", "faces/s", "time against session", "faces/s against dlib", "memory MB",
        title=f"{count} at a time",
    )  # fmt: skip
    for contender in contenders:
        own = results[contender.name]
        # Round by round, so that a drift of the machine's speed cancels.
        against_session = median(mine / other for mine, other in zip(own, results[_DIRECT], strict=True))
        against_dlib = median(other / mine for mine, other in zip(own, results[_DLIB], strict=True))
        ms = [f"{1000 * value:.1f}" for value in (median(own), min(own), max(own))]
        memory = psutil.Process(contender.pid).memory_info().rss / 2**20
        faces = count / median(own)
        ratios = (f"{against_session:.2f} x", f"{against_dlib:.1f} x")
        table.add_row(contender.name, *ms, f"{faces:.0f}", *ratios, f"{memory:.0f}")
    return table


def _seconds(embed: Embed, count: int) -> float:
    some, calls = chips(count), _BATCHES[count]
    begin = time.perf_counter()
    for _ in range(calls):
        embed(some)
    return (time.perf_counter() - begin) / calls


@contextmanager
def _served(folder: Path) -> Iterator[EmbedContender]:
    from orchestrator.deadline import Deadline  # noqa: PLC0415 - the other processes do without
    from orchestrator.pipeline.embed import embed  # noqa: PLC0415
    from orchestrator.predict.servers.balanced_predictor import BalancedPredictor  # noqa: PLC0415
    from orchestrator.predict.servers.endpoints import StaticEndpoints  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="fg") as scratch, asyncio.Runner() as loop:
        socket = Path(scratch) / "socket"
        config = Path(scratch) / "models.config"
        config.write_text(_CONFIG.format(folder.absolute(), EMBEDDER_VERSION), encoding="utf-8")
        flags = (f"--model_config_file={config}", f"--grpc_socket_path={socket}")
        with model_server(*flags, log=Path(scratch) / "log") as server:
            predictor = BalancedPredictor(StaticEndpoints({"embedder": [f"unix:{socket}"]}))
            loop.run(predictor.start())

            async def seconds(count: int) -> float:
                some, calls = chips(count), _BATCHES[count]
                begin = time.perf_counter()
                for _ in range(calls):
                    await embed(some, predictor, version=EMBEDDER_VERSION, deadline=Deadline(60))
                return (time.perf_counter() - begin) / calls

            yield EmbedContender(_SERVED, lambda count: loop.run(seconds(count)), server.process.pid)
            loop.run(predictor.close())


@contextmanager
def _in_child(name: str, make: Callable[..., Embed], *arguments: str) -> Iterator[EmbedContender]:
    """Gives a contender that lives in a process of its own, so that its memory is its own."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_answer, args=(there, make, arguments))
    child.start()

    def seconds(count: int) -> float:
        here.send(count)
        return float(here.recv())

    try:
        yield EmbedContender(name, seconds, child.pid or 0)
    finally:
        here.send(None)
        child.join()


def _answer(pipe: Connection, make: Callable[..., Embed], arguments: tuple[str, ...]) -> None:
    embed = make(*arguments)
    while (count := pipe.recv()) is not None:
        pipe.send(_seconds(embed, count))


def _session(folder: str) -> Embed:
    from model_server.run.saved_model import load  # noqa: PLC0415 - loads TensorFlow

    servable = load(Path(folder), tags=["serve"])
    signature = servable.signatures[SERVING_DEFAULT]
    outputs = list(signature.outputs.values())
    return lambda some: servable.run([(signature.inputs["chips"], some)], outputs)


def _dlib() -> Embed:
    import dlib  # noqa: PLC0415 - a development tool

    from exporters.weights.files import package_file  # noqa: PLC0415

    path = package_file("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")
    network: Any = dlib.face_recognition_model_v1(str(path))
    return lambda some: network.compute_face_descriptor(list(some))


if __name__ == "__main__":
    sys.exit(main())
