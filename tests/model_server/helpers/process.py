"""A model server as a process: `tensorflow_model_server` where it is installed, else the embedded one."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import grpc
import psutil

from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataRequest, GetModelMetadataResponse
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, GetModelStatusResponse
from facegrid.tfserving.v1.predict_pb2 import PredictRequest, PredictResponse
from tests.support.paths import REPOSITORY
from tests.support.ports import held_port

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0

UPSTREAM = shutil.which("tensorflow_model_server")
COMMAND = [UPSTREAM] if UPSTREAM else [sys.executable, "-m", "model_server"]

# The channel reconnects at once, so that a start is noticed when it happens.
CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)


def run_to_exit(*flags: str) -> subprocess.CompletedProcess[str]:
    """Runs a server that is expected not to start."""
    return subprocess.run(
        [*COMMAND, *flags], cwd=REPOSITORY, capture_output=True, text=True, timeout=START_TIMEOUT_S, check=False
    )


class ServerProcess:
    """A server and a channel to it. Stops the server on exit; `wait_until_ready` before the first call.

    `wrapper` is a command that becomes the server, as `nice` does. `with_rest` gives it a `rest_port`.
    """

    def __init__(self, folder: Path, *flags: str, wrapper: Sequence[str] = (), with_rest: bool = False) -> None:
        # The server listens seconds later.
        self._held = [held_port() for _ in range(1 + with_rest)]
        self.port = self._held[0].getsockname()[1]
        if with_rest:
            self.rest_port = self._held[1].getsockname()[1]
            flags = (*flags, f"--rest_api_port={self.rest_port}")
        self.log = folder / f"server-{self.port}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*wrapper, *COMMAND, f"--port={self.port}", *flags],
                cwd=REPOSITORY,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.channel = _channel(f"127.0.0.1:{self.port}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.channel.close()
        try:
            self._stop()
        finally:
            for holder in self._held:
                holder.close()

    def _stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM if not UPSTREAM else signal.SIGKILL)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise

    def wait_until_ready(self) -> "ServerProcess":
        ready = grpc.channel_ready_future(self.channel)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                ready.result(timeout=0.2)
            except grpc.FutureTimeoutError:
                if self.process.poll() is not None or time.monotonic() > deadline_s:
                    ready.cancel()
                    raise AssertionError(f"no server; its log:\n{self.log.read_text()}") from None
            else:
                return self

    def busy_threads(self) -> int:
        """Returns how many threads of the server are computing right now."""
        process = psutil.Process(self.process.pid)
        before = {thread.id: thread.user_time for thread in process.threads()}
        process.cpu_percent(interval=0.1)
        return sum(thread.user_time > before.get(thread.id, 0.0) for thread in process.threads())

    def is_computing(self) -> bool:
        """Returns whether the server computes for a while on end, as for a long call, not for its other work."""
        return all(self.busy_threads() > 0 for _ in range(3))

    def connections(self) -> int:
        """Returns how many clients are connected to the server."""
        connections = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == self.port for one in connections)

    def connect(self, target: str) -> None:
        """Sends later calls to another address of the server."""
        self.use(_channel(target))

    def use(self, channel: grpc.Channel) -> None:
        """Sends later calls through that channel."""
        self.channel.close()
        self.channel = channel

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def predict(self, request: PredictRequest, timeout_s: float = 60.0) -> PredictResponse:
        return self.method("PredictionService/Predict", PredictRequest, PredictResponse)(request, timeout=timeout_s)

    def metadata(self, request: GetModelMetadataRequest) -> GetModelMetadataResponse:
        method = self.method("PredictionService/GetModelMetadata", GetModelMetadataRequest, GetModelMetadataResponse)
        return method(request, timeout=60.0)

    def status(self, request: GetModelStatusRequest) -> GetModelStatusResponse:
        method = self.method("ModelService/GetModelStatus", GetModelStatusRequest, GetModelStatusResponse)
        return method(request, timeout=60.0)

    def method(self, name: str, request_type, response_type) -> grpc.UnaryUnaryMultiCallable:
        return self.channel.unary_unary(
            f"/tensorflow.serving.{name}",
            request_serializer=request_type.SerializeToString,
            response_deserializer=response_type.FromString,
        )


def _channel(target: str) -> grpc.Channel:
    return grpc.insecure_channel(target, options=CHANNEL_OPTIONS)
