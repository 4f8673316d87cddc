"""How long from the start of the model server to the first answer of every exported model, and where does it go?

    python -m benchmarks.speed.server_start --models models --rounds 5

Each round is a new process; after the first one the files are in the page cache. The parts are those that the server
logs: the import of TensorFlow, and the load of each version with its warm-up. Loads run in parallel.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np

from benchmarks.common.machine import conditions
from benchmarks.common.predict_calls import PREDICT, predict_request, same_call
from benchmarks.common.server_process import model_server
from exporters.signatures import CONTRACTS, SERVING_DEFAULT
from facegrid.tfserving.v1.predict_pb2 import PredictRequest

LIMIT_S = 12.0

_IMPORT = re.compile(r"TensorFlow was imported in ([0-9.]+) s")
_LOAD = re.compile(r"Successfully loaded servable version \{name: (\w+) version: \d+\} in ([0-9.]+) s")
_WARM_UP = re.compile(r"warmup data for model at \S*/(\w+)/\d+/assets\.extra.*Elapsed time \(microseconds\): (\d+)")


@dataclass(frozen=True)
class StartTimes:
    """One start, in seconds."""

    total_s: float
    """To the last model's first answer."""
    import_s: float
    open_s: float
    """To the open port."""
    answers_s: dict[str, float]
    """Of each model's first answer."""
    loads_s: dict[str, float]
    warm_ups_s: dict[str, float]
    """Part of the load."""


def request_of(model: str) -> PredictRequest:
    """Returns the smallest request of a model: one row of zeros."""
    inputs = CONTRACTS[model].signatures[SERVING_DEFAULT].inputs
    return predict_request(
        model,
        {
            name: np.zeros([1 if size is None else size for size in spec.shape], spec.dtype)
            for name, spec in inputs.items()
        },
    )


def start(models: Path, folder: Path) -> StartTimes:
    """Starts a server with every model of the contract that lies in `models`, and asks each once."""
    names = [name for name in CONTRACTS if (models / name).is_dir()]
    entries = "".join(
        f'config {{ name: "{name}" base_path: "{models.resolve() / name}" model_platform: "tensorflow" }}\n'
        for name in names
    )
    config, log = folder / "models.config", folder / "server.log"
    config.write_text(f"model_config_list {{\n{entries}}}\n", encoding="utf-8")
    answers_s: dict[str, float] = {}
    with model_server(f"--model_config_file={config}", log=log) as server:
        for name in names:
            answers_s[name] = first_answer_s(server.channel, request_of(name))
        open_s = server.started_in_s
    text = log.read_text(encoding="utf-8")
    (import_s,) = _IMPORT.findall(text)
    return StartTimes(
        total_s=open_s + sum(answers_s.values()),
        import_s=float(import_s),
        open_s=open_s,
        answers_s=answers_s,
        loads_s={name: float(took_s) for name, took_s in _LOAD.findall(text)},
        warm_ups_s={name: int(took_us) / 1e6 for name, took_us in _WARM_UP.findall(text)},
    )


def first_answer_s(channel: grpc.Channel, request: PredictRequest) -> float:
    """Returns how long one request takes."""
    call = same_call(channel, PREDICT, request.SerializeToString())
    started_s = time.perf_counter()
    call()
    return time.perf_counter() - started_s


def report(starts: list[StartTimes]) -> float:
    """Prints the medians; returns that of the whole."""
    total_s = statistics.median(one.total_s for one in starts)
    each = ", ".join(f"{one.total_s:.2f}" for one in starts)
    print(
        f"start to the last model's first answer: median {total_s:.2f} s of {len(starts)} ({each}); limit {LIMIT_S} s"
    )
    print(f"  import of TensorFlow: {statistics.median(one.import_s for one in starts):.2f} s")
    print(f"  to the open port: {statistics.median(one.open_s for one in starts):.2f} s")
    for name in starts[0].answers_s:
        load_s, warm_up_s, answer_s = (
            statistics.median(part.get(name, 0.0) for part in parts)
            for parts in (
                [one.loads_s for one in starts],
                [one.warm_ups_s for one in starts],
                [one.answers_s for one in starts],
            )
        )
        print(f"  {name:13} load {load_s:.2f} s, warm-up {warm_up_s:.2f} s of it; first answer {answer_s * 1e3:.1f} ms")
    return total_s


def main(argv: list[str] | None = None) -> int:
    """Prints the parts; 1 where the limit is passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of exported models (models)")
    parser.add_argument("--rounds", type=int, default=5, help="starts (5)")
    args = parser.parse_args(argv)
    print(conditions("tensorflow", "grpcio"))
    with tempfile.TemporaryDirectory() as folder:
        starts = [start(args.models, Path(folder)) for _ in range(args.rounds)]
    return 1 if report(starts) > LIMIT_S else 0


if __name__ == "__main__":
    sys.exit(main())
