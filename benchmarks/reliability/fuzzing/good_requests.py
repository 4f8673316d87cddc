"""Good requests for each method of a model server with the model of `saved_model.py`."""

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from benchmarks.reliability.fuzzing.saved_model import ECHOED
from facegrid.tfserving.v1.classification_pb2 import ClassificationRequest
from facegrid.tfserving.v1.inference_pb2 import MultiInferenceRequest
from facegrid.tfserving.v1.model_management_pb2 import ReloadConfigRequest
from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataRequest
from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from facegrid.tfserving.v1.regression_pb2 import RegressionRequest
from facegrid.tfserving.v1.tensor_pb2 import DataType, TensorProto

MODEL = "m"

_DTYPES = (
    DataType.DATA_TYPE_FLOAT,
    DataType.DATA_TYPE_DOUBLE,
    DataType.DATA_TYPE_INT32,
    DataType.DATA_TYPE_UINT8,
    DataType.DATA_TYPE_INT64,
    DataType.DATA_TYPE_UINT64,
    DataType.DATA_TYPE_BOOL,
    DataType.DATA_TYPE_STRING,
    DataType.DATA_TYPE_HALF,
    DataType.DATA_TYPE_COMPLEX64,
)


def predict_requests() -> list[PredictRequest]:
    """Returns one for each signature."""
    requests = [
        predict_request("", {"x": floats((2, 1), 1.0)}),
        predict_request("conv", {"images": floats((1, 4, 4, 3), 0.5)}),
    ]
    for name, dtype in zip(ECHOED, _DTYPES, strict=True):
        requests.append(predict_request(name, {"x": TensorProto(dtype=dtype, tensor_shape={"dim": [{"size": 0}]})}))
    pair = {"left": floats((2, 2), 1.0), "right": TensorProto(dtype=DataType.DATA_TYPE_INT32, int_val=[2])}
    requests.append(predict_request("pair", pair))
    return requests


def predict_request(signature_name: str, inputs: dict[str, TensorProto]) -> PredictRequest:
    """Returns a Predict request."""
    request = PredictRequest(model_spec={"name": MODEL, "signature_name": signature_name})
    for alias, tensor in inputs.items():
        request.inputs[alias].CopyFrom(tensor)
    return request


def floats(shape: Sequence[int], value: float) -> TensorProto:
    """Returns a tensor filled with one value."""
    dims = [{"size": size} for size in shape]
    return TensorProto(dtype=DataType.DATA_TYPE_FLOAT, tensor_shape={"dim": dims}, float_val=[value])


def example_requests() -> list[Message]:
    """Returns one for Classify, Regress and MultiInference, in this order."""
    example = {"features": {"feature": {"x": {"float_list": {"value": [2.0]}}}}}
    examples = {"example_list": {"examples": [example, example]}}
    specs = {name: {"name": MODEL, "signature_name": name} for name in ("classify", "regress")}
    tasks = [{"model_spec": spec, "method_name": f"tensorflow/serving/{name}"} for name, spec in specs.items()]
    return [
        ClassificationRequest(model_spec=specs["classify"], input=examples),
        RegressionRequest(model_spec=specs["regress"], input=examples),
        MultiInferenceRequest(tasks=tasks, input=examples),
    ]


def metadata_request() -> GetModelMetadataRequest:
    """Returns the one there is."""
    return GetModelMetadataRequest(model_spec={"name": MODEL}, metadata_field=["signature_def"])


def reload_request(base_path: str) -> ReloadConfigRequest:
    """Returns the list of the one model."""
    model = {
        "name": MODEL,
        "base_path": base_path,
        "model_platform": "tensorflow",
        "model_version_policy": {"latest": {"num_versions": 1}},
    }
    return ReloadConfigRequest(config={"model_config_list": {"config": [model]}}, metric_names=["a"])


def documents() -> list[tuple[str, str, Any]]:
    """Returns methods, paths and bodies."""
    post, model = "POST", f"/v1/models/{MODEL}"
    predict = [
        {"instances": [[1.0], [2.0]]},
        {"instances": [{"x": [1.0]}, {"x": [2.0]}]},
        {"inputs": {"x": [[1.0]]}},
        {"signature_name": "string", "instances": ["a", {"b64": "aGk="}]},
        {"signature_name": "pair", "inputs": {"left": [[1, 2]], "right": 3}},
        {"signature_name": "conv", "inputs": [[[[1, 2, 3]] * 4] * 4]},
        *({"signature_name": name, "instances": [[1, 2], [3, 4]]} for name in ECHOED),
    ]
    example = {"examples": [{"x": 2.0}, {"x": [1.0]}], "context": {"y": 1}}
    return [
        *((post, f"{model}:predict", document) for document in predict),
        (post, f"{model}/versions/1:predict", predict[0]),
        (post, f"{model}:classify", {"signature_name": "classify", **example}),
        (post, f"{model}:regress", {"signature_name": "regress", **example}),
        ("GET", model, None),
        ("GET", f"{model}/versions/1/metadata", None),
    ]
