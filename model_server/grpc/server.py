"""The gRPC server: which method answers which name, health, and drain."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from facegrid.tfserving.v1.classification_pb2 import ClassificationRequest, ClassificationResponse
from facegrid.tfserving.v1.inference_pb2 import MultiInferenceRequest, MultiInferenceResponse
from facegrid.tfserving.v1.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse
from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataRequest, GetModelMetadataResponse
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, GetModelStatusResponse
from facegrid.tfserving.v1.predict_pb2 import PackedPredictResponse, PredictRequest
from facegrid.tfserving.v1.regression_pb2 import RegressionRequest, RegressionResponse
from model_server.grpc import texts
from model_server.grpc.calls import unary_method
from model_server.grpc.drain import CallGate
from model_server.methods.services import Services
from model_server.metrics.server_metrics import ServerMetrics

PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
MODEL_SERVICE = "tensorflow.serving.ModelService"
HEALTH_NAMES = ("", "ModelService", "PredictionService")

WAITING_PER_THREAD = 15
"""Calls that may wait for each thread; beyond them the answer is RESOURCE_EXHAUSTED."""

QUIET_S, FAREWELL_S = 0.1, 1.0
"""After the last response the server stops when no call came for QUIET_S, or after FAREWELL_S. Open streams then get
FAREWELL_S more."""
CANCEL_S = 5.0
"""Time for cancelled calls to end; the process ends after it in any case."""

if TYPE_CHECKING:
    Methods = dict[str, grpc.RpcMethodHandler[Any, Any]]

_log = logging.getLogger(__name__)


class GrpcServer:
    """Answers the gRPC API."""

    def __init__(
        self,
        services: Services,
        metrics: ServerMetrics,
        *,
        max_threads: int,
        channel_arguments: tuple[tuple[str, int | str], ...] = (),
        with_health: bool = False,
    ) -> None:
        self._calls = CallGate()
        self._status_calls = CallGate()
        """GetModelStatus, which like the health service is answered to the end."""
        self._server = grpc.server(
            ThreadPoolExecutor(max_threads, thread_name_prefix="grpc"),
            options=(
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # a taken port is an error, not a share of the calls
                *channel_arguments,
            ),
            maximum_concurrent_rpcs=max_threads * (1 + WAITING_PER_THREAD),
        )
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(PREDICTION_SERVICE, self._prediction_methods(services, metrics)),
                grpc.method_handlers_generic_handler(MODEL_SERVICE, self._model_methods(services)),
            )
        )
        self._health = health.HealthServicer() if with_health else None
        if self._health is not None:
            _set_health(self._health, health_pb2.HealthCheckResponse.SERVING)
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    def listen(self, address: str, credentials: grpc.ServerCredentials | None = None) -> None:
        """Adds an address such as "0.0.0.0:8500" or "unix:/run/model_server"; with credentials, for TLS only.

        Raises:
            ServingError: It cannot be bound.
        """
        try:
            if credentials is None:
                self._server.add_insecure_port(address)
            else:
                self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise texts.address_taken(address) from error

    def start(self) -> None:
        """Starts to serve."""
        self._server.start()

    def drain(self, timeout_s: float) -> None:
        """Refuses new calls, and returns when those under way are answered or `timeout_s` is over.

        Until then the port stays open: the health is NOT_SERVING, and new calls get UNAVAILABLE, so that a
        client can send them to another server.
        """
        if self._health is not None:
            _set_health(self._health, health_pb2.HealthCheckResponse.NOT_SERVING)
        self._calls.close()
        if not self._calls.wait_until_empty(timeout_s):
            _log.warning("calls were still under way after %g s; they are cancelled", timeout_s)
        self._calls.wait_until_quiet(QUIET_S, min(timeout_s, FAREWELL_S))
        # Streams of the health service never end by themselves; they get time to receive NOT_SERVING.
        farewell_s = min(timeout_s, FAREWELL_S)
        self._server.stop(farewell_s).wait(farewell_s + CANCEL_S)

    def _prediction_methods(self, services: Services, metrics: ServerMetrics) -> "Methods":
        predict, classify, regress = (metrics.grpc_recorder(api) for api in ("Predict", "Classify", "Regress"))
        return {
            "Predict": unary_method(services.predict, PredictRequest, PackedPredictResponse, self._calls, predict),
            "Classify": unary_method(
                services.classify, ClassificationRequest, ClassificationResponse, self._calls, classify
            ),
            "Regress": unary_method(services.regress, RegressionRequest, RegressionResponse, self._calls, regress),
            "MultiInference": unary_method(
                services.multi_inference, MultiInferenceRequest, MultiInferenceResponse, self._calls
            ),
            "GetModelMetadata": unary_method(
                services.get_model_metadata, GetModelMetadataRequest, GetModelMetadataResponse, self._calls
            ),
        }

    def _model_methods(self, services: Services) -> "Methods":
        return {
            "GetModelStatus": unary_method(
                services.get_model_status, GetModelStatusRequest, GetModelStatusResponse, self._status_calls
            ),
            "HandleReloadConfigRequest": unary_method(
                services.reload_config, ReloadConfigRequest, ReloadConfigResponse, self._calls
            ),
        }


def _set_health(servicer: health.HealthServicer, status: int) -> None:
    for name in HEALTH_NAMES:
        servicer.set(name, status)
