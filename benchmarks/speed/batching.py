"""How many crops a second does rnet answer with server batching on, against off?

    python -m benchmarks.speed.batching --models-dir models

Two embedded model servers are called in turn, round by round, so that both see the same machine; each request carries
one crop. The callers run on the same machine. They send the same bytes each time and do not read the answer, which
leaves as much of the machine as possible to the servers. Two more numbers explain the rates: the time of the network
for a crop alone and in a batch, and the calls per second that do not run the network.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import grpc
import numpy as np

from benchmarks.common.machine import conditions
from benchmarks.common.predict_calls import PREDICT, SameCall, predict_request, same_call
from benchmarks.common.server_process import model_server
from benchmarks.common.throughput import calls_per_s
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest

_MODEL, _ALIAS, _CROP = "rnet", "crops", (24, 24, 3)
_THREADS = 64
"""--grpc_max_threads of both servers: a request that waits for its batch holds one."""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.batching",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--parameters", type=Path, default=Path("serving_configs/batching.config"))
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7, help="of --seconds for each server")
    parser.add_argument("--seconds", type=float, default=2.0)
    return parser


@contextmanager
def serving(models: Path, *flags: str) -> Iterator[grpc.Channel]:
    """Runs a server of rnet for the time of the block."""
    model = (f"--model_name={_MODEL}", f"--model_base_path={models.resolve() / _MODEL}")
    flags = (*model, f"--grpc_max_threads={_THREADS}", *flags)
    with tempfile.TemporaryDirectory() as folder, model_server(*flags, log=Path(folder, "log")) as server:
        yield server.channel


def predict_call(channel: grpc.Channel) -> SameCall:
    """Returns a request of one crop."""
    crop = np.random.default_rng(0).integers(0, 2**16, (1, *_CROP)).astype(np.uint16)
    return same_call(channel, PREDICT, predict_request(_MODEL, {_ALIAS: crop}).SerializeToString())


def bare_call(channel: grpc.Channel) -> SameCall:
    """Returns a request that no network is run for."""
    request = GetModelStatusRequest(model_spec={"name": _MODEL})
    return same_call(channel, "ModelService/GetModelStatus", request.SerializeToString())


def direct_ms(models: Path, batch_size: int) -> float:
    """Returns the median time of a call of the network in this process."""
    from model_server.run.saved_model import load  # noqa: PLC0415 - loads TensorFlow

    newest = max((models / _MODEL).iterdir(), key=lambda path: int(path.name))
    servable = load(newest, tags=["serve"])
    signature = servable.signatures["serving_default"]
    crops = np.zeros((batch_size, *_CROP), np.uint16)
    taken = []
    for _ in range(110):
        started_s = time.perf_counter()
        servable.run([(signature.inputs[_ALIAS], crops)], list(signature.outputs.values()))
        taken.append(time.perf_counter() - started_s)
    servable.close()
    return median(taken[10:]) * 1e3


def main(argv: list[str] | None = None) -> int:
    """Prints the conditions, what explains the rates, and the rates."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    print(conditions("tensorflow", "grpcio", "protobuf"))
    batching = ("--enable_batching", f"--batching_parameters_file={args.parameters}")
    with ExitStack() as stack:
        channels = {
            "off": stack.enter_context(serving(args.models_dir)),
            "on": stack.enter_context(serving(args.models_dir, *batching)),
        }
        rates: dict[str, list[float]] = {"off": [], "on": [], "no network": []}
        for each in range(args.rounds + 1):  # the first round warms up
            for name, call in (
                *((name, predict_call(channel)) for name, channel in channels.items()),
                ("no network", bare_call(channels["off"])),
            ):
                rate = calls_per_s(call, args.callers, args.seconds)
                if each:
                    rates[name].append(rate)
    for name, measured in rates.items():
        low, high = min(measured), max(measured)
        print(f"{args.callers} callers, {name:10}: {median(measured):7.1f} /s  ({low:.1f} to {high:.1f})")
    print(f"on / off: {median(rates['on']) / median(rates['off']):.2f}")
    alone, together = direct_ms(args.models_dir, 1), direct_ms(args.models_dir, args.callers)
    print(f"the network alone: {alone:.2f} ms for one crop, {together:.2f} ms for {args.callers} in one call")
    return 0


if __name__ == "__main__":
    sys.exit(main())
