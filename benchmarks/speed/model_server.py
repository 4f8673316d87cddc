"""What does a call of the embedded model server cost, compared with the same session in process?

    python -m benchmarks.speed.model_server --models models

Direct and served calls are measured in turn, round by round, so that both see the same machine. Between them come calls
of a server that does nothing (`helpers/echo_server.py`), with messages of the same size: they show what gRPC in Python
takes before a model server has done anything. At one caller the difference of the medians is the cost; at eight, the
ratio of the calls per second. The callers run on the same machine and take their share of it.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from benchmarks.common.machine import conditions
from benchmarks.common.ports import START_TIMEOUT_S, free_port
from benchmarks.common.predict_calls import PREDICT, SameCall, predict_request
from benchmarks.common.server_process import model_server
from benchmarks.common.throughput import calls_per_s
from benchmarks.speed.helpers.echo_server import METHOD_PREFIX
from exporters.signatures import CONTRACTS, SERVING_DEFAULT
from facegrid.tfserving.v1.predict_pb2 import PredictRequest, PredictResponse
from model_server.files.monitoring_config import DEFAULT_PATH
from model_server.run.short_import import shorten_import
from orchestrator.predict.servers.tensors import decode_tensor


@dataclass(frozen=True)
class Case:
    """One model and one input."""

    model: str
    alias: str
    array: np.ndarray[tuple[int, ...], np.dtype[np.integer]]


def cases() -> list[Case]:
    """Returns a batch of pnet's tiles, and the smallest request there is."""
    return [_case("pnet", 4), _case("rnet", 1)]


def _case(model: str, batch_size: int) -> Case:
    ((alias, spec),) = CONTRACTS[model].signatures[SERVING_DEFAULT].inputs.items()
    shape = tuple(batch_size if size is None else size for size in spec.shape)
    return Case(model, alias, np.random.default_rng(0).integers(0, 256, shape).astype(spec.dtype))


def direct_call(folder: Path, case: Case) -> Callable[[], list[NDArray[Any]]]:
    """Returns a call of the session in this process."""
    from model_server.run.saved_model import load  # noqa: PLC0415 - loads TensorFlow

    servable = load(folder, tags=["serve"])
    signature = servable.signatures["serving_default"]
    outputs = list(signature.outputs.values())
    return lambda: servable.run([(signature.inputs[case.alias], case.array)], outputs)


def served_call(channel: grpc.Channel, case: Case) -> SameCall:
    """Returns a call of the server, from array to arrays, as the orchestrator makes it."""
    method = channel.unary_unary(
        f"/tensorflow.serving.{PREDICT}",
        request_serializer=PredictRequest.SerializeToString,
        response_deserializer=PredictResponse.FromString,
    )

    def call() -> object:
        outputs = method(predict_request(case.model, {case.alias: case.array}), timeout=60.0).outputs
        return {alias: decode_tensor(outputs[alias]) for alias in outputs}

    return call


def echo_call(channel: grpc.Channel, case: Case, answer_bytes: int) -> SameCall:
    """Returns a call with messages of the size of a served call's, which neither side reads."""
    request = bytes(case.array.nbytes)
    method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"{METHOD_PREFIX}{answer_bytes}")
    return lambda: method(request, timeout=60.0)


@contextmanager
def serving(models: Path, names: list[str]) -> Iterator[tuple[grpc.Channel, int]]:
    """Runs the model server for the time of the block; gives a channel, and the port of its metrics."""
    rest_port = free_port()
    entries = "".join(
        f'config {{ name: "{name}" base_path: "{models.resolve() / name}" model_platform: "tensorflow" }}\n'
        for name in names
    )
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "models.config"
        config.write_text(f"model_config_list {{\n{entries}}}\n", encoding="utf-8")
        monitoring = Path(folder) / "monitoring.config"
        monitoring.write_text("prometheus_config { enable: true }\n", encoding="utf-8")
        flags = (
            f"--model_config_file={config}",
            f"--rest_api_port={rest_port}",
            f"--monitoring_config_file={monitoring}",
        )
        with model_server(*flags, log=Path(folder) / "log") as server:
            yield server.channel, rest_port


@contextmanager
def echoing() -> Iterator[grpc.Channel]:
    """Runs the server that does nothing for the time of the block."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.speed.helpers.echo_server", str(port)])
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", -1)])
    try:
        grpc.channel_ready_future(channel).result(START_TIMEOUT_S)
        yield channel
    finally:
        channel.close()
        process.terminate()
        process.wait(START_TIMEOUT_S)


def latencies_ms(call: SameCall, count: int) -> list[float]:
    """Returns how long each of `count` calls took."""
    taken = []
    for _ in range(count):
        started_s = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started_s) * 1e3)
    return taken


def compare(case: Case, direct: SameCall, echo: SameCall, served: SameCall, *, rounds: int, callers: int) -> None:
    """Prints the two lines of one case."""
    calls = (direct, echo, served)
    for call in calls:
        latencies_ms(call, 10)  # the first calls of a shape are slow
    taken_ms: list[list[float]] = [[], [], []]
    for _ in range(rounds):
        for call, taken in zip(calls, taken_ms, strict=True):
            taken.extend(latencies_ms(call, 20))
    alone, bare, both = map(statistics.median, taken_ms)
    name = f"{case.model:5} {'x'.join(map(str, case.array.shape)):14}"
    print(
        f"{name} 1 caller:  direct {alone:7.3f} ms  served {both:7.3f} ms  ratio {both / alone:.3f}  "
        f"difference {both - alone:6.3f} ms, of which gRPC {bare:6.3f} ms"
    )
    rates = [[calls_per_s(call, callers, 1.5) for call in calls] for _ in range(max(1, rounds // 4))]
    alone, bare, both = (statistics.median(column) for column in zip(*rates, strict=True))
    # The rate if each call first takes the time of gRPC, and then that of the network.
    expected = 1 / (1 / alone + 1 / bare)
    print(
        f"{name} {callers} callers: direct {alone:7.1f} /s  served {both:7.1f} /s  ratio {both / alone:.3f}  "
        f"gRPC {bare:7.1f} /s, one after the other {expected:7.1f} /s"
    )


def divide(case: Case, served: SameCall, rest_port: int, count: int = 100) -> None:
    """Prints the parts of a served call by the server's own metrics, as means, for one caller."""
    before = _latency_sums_ms(rest_port, case.model)
    seen_ms = statistics.fmean(latencies_ms(served, count))
    handler_ms, network_ms = (
        (after - earlier) / count
        for after, earlier in zip(_latency_sums_ms(rest_port, case.model), before, strict=True)
    )
    print(
        f"{case.model:5} a served call of {seen_ms:.3f} ms: network {network_ms:.3f} ms, the rest between request and "
        f"response {handler_ms - network_ms:.3f} ms, gRPC and the caller {seen_ms - handler_ms:.3f} ms"
    )


def _latency_sums_ms(rest_port: int, model: str) -> tuple[float, float]:
    """Returns the sums of the latencies of all requests so far, and of all runs of the network."""
    with urllib.request.urlopen(f"http://127.0.0.1:{rest_port}{DEFAULT_PATH}") as response:
        page = response.read().decode()

    def total_ms(metric: str) -> float:
        found = re.search(rf'^:tensorflow:serving:{metric}_sum{{model_name="{model}".*}} (.*)$', page, re.MULTILINE)
        return float(found[1]) / 1e3 if found else 0.0

    return total_ms("request_latency"), total_ms("runtime_latency")


def main(argv: list[str] | None = None) -> int:
    """Prints the machine and a pair of lines for each case."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of exported models (models)")
    parser.add_argument("--rounds", type=int, default=12, help="rounds of 20 calls each way (12)")
    parser.add_argument("--callers", type=int, default=8, help="callers at once (8)")
    args = parser.parse_args(argv)

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    shorten_import()
    print(conditions("tensorflow", "grpcio", "protobuf"))
    names = [case.model for case in cases()]
    with serving(args.models, names) as server, echoing() as echo_channel:
        channel, rest_port = server
        for case in cases():
            versions = sorted((args.models / case.model).iterdir(), key=lambda path: int(path.name))
            direct = direct_call(versions[-1], case)
            echo = echo_call(echo_channel, case, sum(array.nbytes for array in direct()))
            served = served_call(channel, case)
            compare(case, direct, echo, served, rounds=args.rounds, callers=args.callers)
            divide(case, served, rest_port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
