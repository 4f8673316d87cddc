"""What does a call of the embedded model server cost over calling the same session in process?

    python -m benchmarks.model_server --models models

Direct and served calls are measured in turn, round by round, so that both see the same machine. At one
caller the difference of the medians is the cost; at eight, the ratio of the calls per second. The callers
run on the same machine and take their share of it.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np

from benchmarks.load import calls_per_s
from benchmarks.machine import conditions
from exporters.signatures import CONTRACTS, SERVING_DEFAULT
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, GetModelStatusResponse
from facegrid.tfserving.v1.predict_pb2 import PredictRequest, PredictResponse
from facegrid.tfserving.v1.tensor_pb2 import DataType
from model_server.short_import import shorten_import

START_TIMEOUT_S = 60.0

Call = Callable[[], object]


DATA_TYPES = {"uint8": DataType.DATA_TYPE_UINT8, "uint16": DataType.DATA_TYPE_UINT16}


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


def direct_call(folder: Path, case: Case) -> Call:
    """Returns a call of the session in this process."""
    from model_server.loading import load  # noqa: PLC0415 - loads TensorFlow

    servable = load(folder, tags=["serve"])
    signature = servable.signatures["serving_default"]
    outputs = list(signature.outputs.values())
    return lambda: servable.run([(signature.inputs[case.alias], case.array)], outputs)


def served_call(channel: grpc.Channel, case: Case) -> Call:
    """Returns a call of the server, from array to arrays, as a client makes it."""
    method = channel.unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        request_serializer=PredictRequest.SerializeToString,
        response_deserializer=PredictResponse.FromString,
    )

    def call() -> object:
        request = PredictRequest()
        request.model_spec.name = case.model
        tensor = request.inputs[case.alias]
        tensor.dtype = DATA_TYPES[case.array.dtype.name]
        for size in case.array.shape:
            tensor.tensor_shape.dim.add(size=size)
        tensor.tensor_content = case.array.tobytes()
        outputs = method(request, timeout=60.0).outputs
        return {alias: np.array(outputs[alias].float_val, np.float32) for alias in outputs}

    return call


@contextmanager
def serving(models: Path, names: list[str]) -> Iterator[grpc.Channel]:
    """Runs the server for the time of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    entries = "".join(
        f'config {{ name: "{name}" base_path: "{models.resolve() / name}" model_platform: "tensorflow" }}\n'
        for name in names
    )
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "models.config"
        config.write_text(f"model_config_list {{\n{entries}}}\n", encoding="utf-8")
        command = [sys.executable, "-m", "model_server", f"--port={port}", f"--model_config_file={config}"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", -1)])
        try:
            grpc.channel_ready_future(channel).result(START_TIMEOUT_S)
            yield channel
        finally:
            channel.close()
            process.send_signal(signal.SIGTERM)
            process.wait(START_TIMEOUT_S)


def bare_call(channel: grpc.Channel) -> Call:
    """Returns a call that the server answers without a network: what gRPC alone costs here."""
    method = channel.unary_unary(
        "/tensorflow.serving.ModelService/GetModelStatus",
        request_serializer=GetModelStatusRequest.SerializeToString,
        response_deserializer=GetModelStatusResponse.FromString,
    )
    request = GetModelStatusRequest()
    request.model_spec.name = "rnet"
    return lambda: method(request, timeout=60.0)


def latencies_ms(call: Call, count: int) -> list[float]:
    """Returns how long each of `count` calls took."""
    taken = []
    for _ in range(count):
        started_s = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started_s) * 1e3)
    return taken


def compare(case: Case, direct: Call, served: Call, *, rounds: int, callers: int) -> None:
    """Prints the line of one case."""
    for call in (direct, served):
        latencies_ms(call, 10)  # the first calls of a shape are slow
    direct_ms: list[float] = []
    served_ms: list[float] = []
    for _ in range(rounds):
        direct_ms += latencies_ms(direct, 20)
        served_ms += latencies_ms(served, 20)
    one, other = statistics.median(direct_ms), statistics.median(served_ms)
    shape = "x".join(map(str, case.array.shape))
    print(
        f"{case.model:5} {shape:14} 1 caller:  direct {one:7.3f} ms  served {other:7.3f} ms  "
        f"difference {other - one:6.3f} ms  ratio {other / one:.3f}"
    )
    rates = [(calls_per_s(direct, callers, 1.5), calls_per_s(served, callers, 1.5)) for _ in range(max(1, rounds // 4))]
    one, other = (statistics.median(column) for column in zip(*rates, strict=True))
    print(
        f"{case.model:5} {shape:14} {callers} callers: direct {one:7.1f} /s  served {other:7.1f} /s  "
        f"ratio {other / one:.3f}"
    )


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
    with serving(args.models, [case.model for case in cases()]) as channel:
        bare = bare_call(channel)
        latencies_ms(bare, 100)
        print(f"a call without a network: {statistics.median(latencies_ms(bare, 500)):.3f} ms")
        for case in cases():
            versions = sorted((args.models / case.model).iterdir(), key=lambda path: int(path.name))
            direct = direct_call(versions[-1], case)
            compare(case, direct, served_call(channel, case), rounds=args.rounds, callers=args.callers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
