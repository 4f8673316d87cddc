"""The plain host as a process, and what it talks to: a model server that is plain functions, and a trace collector."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

import facegrid
from facegrid.tfserving.v1 import predict_pb2
from orchestrator.predict.servers.tensors import decode_tensor, encode_tensor
from tests.support.paths import REPOSITORY
from tests.support.ports import held_port


@contextmanager
def grpc_server(*handlers: grpc.GenericRpcHandler) -> Iterator[tuple[grpc.Server, str]]:
    server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers(handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield server, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


class Networks(grpc.GenericRpcHandler):
    """TensorFlow Serving's Predict, answered by plain functions; remembers the metadata of each call, by model."""

    def __init__(self, functions) -> None:
        self._functions = functions
        self.metadata: list[tuple[str, dict[str, str]]] = []

    def service(self, call_details):
        if call_details.method != "/tensorflow.serving.PredictionService/Predict":
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._predict,
            request_deserializer=predict_pb2.PredictRequest.FromString,
            response_serializer=predict_pb2.PredictResponse.SerializeToString,
        )

    def _predict(self, request, context):
        spec = request.model_spec
        self.metadata.append((spec.name, dict(context.invocation_metadata())))
        (tensor,) = request.inputs.values()
        outputs = self._functions[spec.name](decode_tensor(tensor), spec.signature_name)
        response = predict_pb2.PredictResponse(model_spec=spec)
        response.model_spec.version.value = 1
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(encode_tensor(array))
        return response


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """OTLP's trace service; keeps the spans it is sent."""

    def __init__(self) -> None:
        self.spans = []
        self.services = set()
        self.came = threading.Condition()

    def Export(self, request, context):  # noqa: N802
        with self.came:
            for of_resource in request.resource_spans:
                self.services |= {
                    one.value.string_value for one in of_resource.resource.attributes if one.key == "service.name"
                }
                for of_scope in of_resource.scope_spans:
                    self.spans += of_scope.spans
            self.came.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()


class HostProcess:
    """`python -m orchestrator` with these variables, ready to be asked."""

    def __init__(self, folder: Path, model_servers: str, **variables: str) -> None:
        self._held = held_port()  # the host listens seconds later
        self.address = f"127.0.0.1:{self._held.getsockname()[1]}"
        self.log = folder / "host.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FACEGRID_", "OTEL_"))}
        environment = {**kept, "FACEGRID_MODEL_SERVERS": model_servers, **variables}
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "orchestrator", "--address", self.address]
            self.process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)

    def __enter__(self) -> Self:
        with facegrid.connect(self.address) as client:
            try:
                client.wait_until_ready(timeout_s=60)
            except facegrid.FacegridError:
                self.__exit__()
                raise AssertionError(self.log.read_text()) from None
        return self

    def __exit__(self, *exception: object) -> None:
        self._held.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log.read_text()
