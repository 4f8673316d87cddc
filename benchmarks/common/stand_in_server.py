"""A stand-in for a model server: a process that answers PredictionService with zeros after a set time.

    python -m benchmarks.common.stand_in_server PORT --threads 2 --ms 5 --ms-per-row 0.5

Since it sleeps, a machine with few cores can run many, as if each had its own cores. An answer has the shapes of the
contract. `--ms-per-row` is added for each row of the batch; calls beyond `--threads` wait.
"""

import argparse
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np

from exporters.signatures import SERVING_DEFAULT, contract_of
from facegrid.tfserving.v1 import model_status_pb2, predict_pb2
from orchestrator.predict.servers.tensors import encode_tensor


class StandIn:
    """Answers Predict after a set time.

    Args:
        fixed_s: Time of a call.
        per_row_s: Time of each row of its batch.
        version: Its only version.
    """

    def __init__(self, fixed_s: float, per_row_s: float, version: int) -> None:
        self._version = version
        self._fixed_s = fixed_s
        self._per_row_s = per_row_s

    def predict(
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Returns zeros, after the set time; an empty message if the caller has gone."""
        if not context.is_active():
            return predict_pb2.PredictResponse()
        name = request.model_spec.name
        signature = request.model_spec.signature_name or SERVING_DEFAULT
        version = request.model_spec.version.value or self._version
        if version != self._version:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Specific({name}, {version})")
        rows = next(iter(request.inputs.values())).tensor_shape.dim[0].size
        time.sleep(self._fixed_s + self._per_row_s * rows)
        response = predict_pb2.PredictResponse()
        response.model_spec.name, response.model_spec.signature_name = name, signature
        response.model_spec.version.value = version
        for output, spec in contract_of(name).signatures[signature].outputs.items():
            zeros = np.zeros((rows, *(size or 1 for size in spec.shape[1:])), spec.dtype)
            response.outputs[output].CopyFrom(encode_tensor(zeros))
        return response

    def status(
        self, _request: model_status_pb2.GetModelStatusRequest, _context: grpc.ServicerContext
    ) -> model_status_pb2.GetModelStatusResponse:
        """Returns an empty status."""
        return model_status_pb2.GetModelStatusResponse()


def build_server(stand_in: StandIn, threads: int, max_calls: int) -> grpc.Server:
    """Returns a server that answers that many calls at a time, and refuses more than `max_calls`."""
    server = grpc.server(
        ThreadPoolExecutor(threads),
        options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)],
        maximum_concurrent_rpcs=max_calls,
    )
    for service, method, function, request, response in (
        ("PredictionService", "Predict", stand_in.predict, predict_pb2.PredictRequest, predict_pb2.PredictResponse),
        (
            "ModelService",
            "GetModelStatus",
            stand_in.status,
            model_status_pb2.GetModelStatusRequest,
            model_status_pb2.GetModelStatusResponse,
        ),
    ):
        handler = grpc.unary_unary_rpc_method_handler(function, request.FromString, response.SerializeToString)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(f"tensorflow.serving.{service}", {method: handler}),)
        )
    return server


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.common.stand_in_server",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("port", type=int, help="to listen on")
    parser.add_argument("--host", default="127.0.0.1", help="to listen on (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="calls answered at a time (default: %(default)s)")
    parser.add_argument("--ms", type=float, default=5.0, help="time of a call (default: %(default)s)")
    parser.add_argument("--ms-per-row", type=float, default=0.0, help="more for each row (default: %(default)s)")
    parser.add_argument("--version", type=int, default=1, help="its only version; others are answered NOT_FOUND")
    parser.add_argument("--max-calls", type=int, default=1000, help="more are answered RESOURCE_EXHAUSTED")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serves until SIGTERM."""
    args = build_parser().parse_args(argv)
    server = build_server(StandIn(args.ms / 1e3, args.ms_per_row / 1e3, args.version), args.threads, args.max_calls)
    server.add_insecure_port(f"{args.host}:{args.port}")
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    server.start()
    stopped.wait()
    server.stop(1).wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
