"""The REST API: from a method, a path and a body to an HTTP response.

`RestApi` has a table from each operation to the function that answers it; each calls the same `Services` as gRPC.
Bytes, threads and limits are in `http_server.py`.
"""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus

import grpc

from facegrid.tfserving.v1.classification_pb2 import ClassificationRequest
from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataRequest
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest
from facegrid.tfserving.v1.predict_pb2 import ModelSpec, PackedPredictResponse, PredictRequest, PredictResponse
from facegrid.tfserving.v1.regression_pb2 import RegressionRequest
from model_server.errors import ServingError
from model_server.methods import texts as method_texts
from model_server.methods.get_model_metadata import SIGNATURE_DEF
from model_server.methods.model_spec import signature_name as served_signature_name
from model_server.methods.services import Services
from model_server.metrics.server_metrics import ServerMetrics
from model_server.rest import texts
from model_server.rest.examples_request import examples_of
from model_server.rest.examples_response import classifications_json, regressions_json
from model_server.rest.http_response import HttpResponse, error_response
from model_server.rest.json_parser import parse_object
from model_server.rest.json_tensors import DType
from model_server.rest.json_values import encoded
from model_server.rest.metadata_response import metadata_json
from model_server.rest.paths import METADATA, STATUS, RestCall, parse_target
from model_server.rest.predict_request import (
    INPUTS,
    INSTANCES,
    is_in_rows,
    signature_name,
    tensors_of_columns,
    tensors_of_rows,
)
from model_server.rest.predict_response import outputs_json, predictions_json
from model_server.rest.status_response import status_json
from model_server.run.servable import Array
from model_server.run.tensor_proto import decode, encode_content_into, numpy_type
from model_server.versions.available import AvailableVersions

COUNTED = frozenset({"predict", "classify", "regress"})
"""The operations that the metrics count."""

_log = logging.getLogger(__name__)


Respond = Callable[[ModelSpec, bytes, float | None], str]
"""Gets the model, the body, and the end of the time limit (monotonic clock); returns JSON or raises ServingError."""


class RestApi:
    """Answers requests. Calls may come from many threads at once."""

    def __init__(self, services: Services, available: AvailableVersions, metrics: ServerMetrics) -> None:
        self._services = services
        self._metrics = metrics
        self._available = available
        self._table: dict[str, Respond] = {
            "predict": self._predict,
            "classify": self._classify,
            "regress": self._regress,
            METADATA: self._metadata,
            STATUS: self._status,
        }

    def handle(self, method: str, target: str, body: bytes, due_s: float | None) -> HttpResponse:
        """Returns the response to any request; an error is a response too.

        Args:
            method: Such as POST.
            target: Path and query, as they were sent.
            body: JSON, for POST.
            due_s: When the response is due, by the monotonic clock; None for no limit.
        """
        started_s = time.perf_counter()
        try:
            call = parse_target(method, target)
        except ServingError as error:
            return error_response(error)
        response, code = self._respond(call, body, due_s)
        if call.operation in COUNTED:
            took_s = time.perf_counter() - started_s
            self._metrics.record_request(call.model.name, call.operation, "REST", code, took_s)
        return response

    def _respond(self, call: RestCall, body: bytes, due_s: float | None) -> tuple[HttpResponse, grpc.StatusCode]:
        try:
            text = self._table[call.operation](call.model, body, due_s)
            return HttpResponse(HTTPStatus.OK, encoded(text)), grpc.StatusCode.OK
        except ServingError as error:
            return error_response(error), error.code
        except Exception:  # noqa: BLE001 - the caller gets a status, never a traceback
            _log.exception("a REST request failed unexpectedly")
            return error_response(method_texts.internal_error()), grpc.StatusCode.INTERNAL

    def _predict(self, model: ModelSpec, body: bytes, due_s: float | None) -> str:
        document = parse_object(body)
        request = PredictRequest(model_spec=model)
        request.model_spec.signature_name = signature_name(document)
        types = self._input_types(request.model_spec)
        in_rows = is_in_rows(document)
        arrays = tensors_of_rows(document[INSTANCES], types) if in_rows else tensors_of_columns(document[INPUTS], types)
        for name, array in arrays.items():
            encode_content_into(request.inputs[name], array)
        outputs = _outputs(self._services.predict(request, time_left(due_s)))
        return predictions_json(outputs) if in_rows else outputs_json(outputs)

    def _input_types(self, model: ModelSpec) -> dict[str, DType]:
        """Returns the NumPy dtypes of the inputs of the signature that the model_spec names."""
        name = served_signature_name(model)
        with self._available.use(model) as handle:
            signature = handle.servable.signature_defs.get(name)
        if signature is None:
            raise texts.unknown_signature(name)
        if not signature.inputs:
            raise texts.no_inputs(model.signature_name)
        types = {}
        for alias, info in signature.inputs.items():
            dtype = numpy_type(info.dtype)
            if dtype is None:
                raise texts.unsupported_input(alias)
            types[alias] = dtype
        return types

    def _classify(self, model: ModelSpec, body: bytes, due_s: float | None) -> str:
        document = parse_object(body)
        request = ClassificationRequest(model_spec=model)
        request.model_spec.signature_name = signature_name(document)
        request.input.CopyFrom(examples_of(document))
        return classifications_json(self._services.classify(request, time_left(due_s)).result)

    def _regress(self, model: ModelSpec, body: bytes, due_s: float | None) -> str:
        document = parse_object(body)
        request = RegressionRequest(model_spec=model)
        request.model_spec.signature_name = signature_name(document)
        request.input.CopyFrom(examples_of(document))
        return regressions_json(self._services.regress(request, time_left(due_s)).result)

    def _metadata(self, model: ModelSpec, _body: bytes, due_s: float | None) -> str:
        request = GetModelMetadataRequest(model_spec=model, metadata_field=[SIGNATURE_DEF])
        return metadata_json(self._services.get_model_metadata(request, time_left(due_s)))

    def _status(self, model: ModelSpec, _body: bytes, due_s: float | None) -> str:
        request = GetModelStatusRequest(model_spec=model)
        return status_json(self._services.get_model_status(request, time_left(due_s)))


def time_left(due_s: float | None) -> float | None:
    """Returns the seconds until a response is due, None without a limit.

    Raises:
        ServingError: None are left.
    """
    if due_s is None:
        return None
    left_s = due_s - time.monotonic()
    if left_s <= 0:
        raise method_texts.deadline_passed()
    return left_s


def _outputs(packed: PackedPredictResponse) -> dict[str, Array]:
    # Both messages have the same encoding.
    response = PredictResponse.FromString(packed.SerializeToString())
    return {name: decode(proto) for name, proto in response.outputs.items()}
