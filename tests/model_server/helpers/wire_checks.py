"""Compares our messages and tensors with TensorFlow's own, in a process of its own that has TensorFlow.

Prints one JSON object: the name of each check to "" or to what was wrong.

Usage: python -m tests.model_server.helpers.wire_checks
"""

import json
import sys
import traceback
from collections.abc import Iterator

from model_server.run.short_import import shorten_import

shorten_import()

from google.protobuf.message import Message  # noqa: E402
from tensorflow.core.example import example_pb2  # noqa: E402
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2  # noqa: E402
from tensorflow.core.protobuf import meta_graph_pb2  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    input_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    prediction_log_pb2,
    regression_pb2,
)
from tensorflow_serving.config import model_server_config_pb2  # noqa: E402

from facegrid.tfserving.v1 import classification_pb2 as lean_classification_pb2  # noqa: E402
from facegrid.tfserving.v1 import example_pb2 as lean_example_pb2  # noqa: E402
from facegrid.tfserving.v1 import inference_pb2 as lean_inference_pb2  # noqa: E402
from facegrid.tfserving.v1 import input_pb2 as lean_input_pb2  # noqa: E402
from facegrid.tfserving.v1 import model_management_pb2 as lean_management_pb2  # noqa: E402
from facegrid.tfserving.v1 import (  # noqa: E402
    model_metadata_pb2,
    model_status_pb2,
)
from facegrid.tfserving.v1 import model_server_config_pb2 as lean_config_pb2  # noqa: E402
from facegrid.tfserving.v1 import predict_pb2 as lean_predict_pb2  # noqa: E402
from facegrid.tfserving.v1 import prediction_log_pb2 as lean_prediction_log_pb2  # noqa: E402
from facegrid.tfserving.v1 import regression_pb2 as lean_regression_pb2  # noqa: E402
from facegrid.tfserving.v1 import tensor_pb2 as lean_tensor_pb2  # noqa: E402
from tests.model_server.helpers.message_fields import fill, unknown_fields  # noqa: E402
from tests.model_server.helpers.tensor_checks import arrays, check_decoding, check_encoding, odd_protos  # noqa: E402

PAIRS = [
    (lean_tensor_pb2.TensorProto, tensor_pb2.TensorProto),
    (lean_tensor_pb2.TensorShapeProto, tensor_shape_pb2.TensorShapeProto),
    (lean_predict_pb2.ModelSpec, model_pb2.ModelSpec),
    (lean_predict_pb2.PredictRequest, predict_pb2.PredictRequest),
    (lean_predict_pb2.PredictResponse, predict_pb2.PredictResponse),
    (model_status_pb2.GetModelStatusRequest, get_model_status_pb2.GetModelStatusRequest),
    (model_status_pb2.GetModelStatusResponse, get_model_status_pb2.GetModelStatusResponse),
    (model_metadata_pb2.TensorInfo, meta_graph_pb2.TensorInfo),
    (model_metadata_pb2.SignatureDef, meta_graph_pb2.SignatureDef),
    (model_metadata_pb2.SignatureDefMap, get_model_metadata_pb2.SignatureDefMap),
    (model_metadata_pb2.GetModelMetadataRequest, get_model_metadata_pb2.GetModelMetadataRequest),
    (model_metadata_pb2.GetModelMetadataResponse, get_model_metadata_pb2.GetModelMetadataResponse),
    (lean_config_pb2.ModelServerConfig, model_server_config_pb2.ModelServerConfig),
    (lean_management_pb2.ReloadConfigRequest, model_management_pb2.ReloadConfigRequest),
    (lean_management_pb2.ReloadConfigResponse, model_management_pb2.ReloadConfigResponse),
    (lean_example_pb2.Example, example_pb2.Example),
    (lean_input_pb2.Input, input_pb2.Input),
    (lean_classification_pb2.ClassificationRequest, classification_pb2.ClassificationRequest),
    (lean_classification_pb2.ClassificationResponse, classification_pb2.ClassificationResponse),
    (lean_regression_pb2.RegressionRequest, regression_pb2.RegressionRequest),
    (lean_regression_pb2.RegressionResponse, regression_pb2.RegressionResponse),
    (lean_inference_pb2.MultiInferenceRequest, inference_pb2.MultiInferenceRequest),
    (lean_inference_pb2.MultiInferenceResponse, inference_pb2.MultiInferenceResponse),
    (lean_prediction_log_pb2.PredictionLog, prediction_log_pb2.PredictionLog),
]


def check_pair(lean: type[Message], published: type[Message]) -> None:
    for oneof_choice in range(7):
        ours = lean()
        fill(ours, oneof_choice)
        sent = ours.SerializeToString(deterministic=True)
        theirs = published.FromString(sent)
        assert not list(unknown_fields(theirs)), f"unknown to the published message: {list(unknown_fields(theirs))}"
        assert theirs.SerializeToString(deterministic=True) == sent, "written back, the bytes differ"
        assert lean.FromString(theirs.SerializeToString()) == ours, "read back, the message differs"


def check_names(lean: type[Message], published: type[Message]) -> None:
    """Text files and JSON are read by name: names, numbers and types are the same."""
    for field in lean.DESCRIPTOR.fields:
        theirs = published.DESCRIPTOR.fields_by_name[field.name]
        assert (field.number, field.type, field.is_repeated) == (theirs.number, theirs.type, theirs.is_repeated), (
            field.name
        )


def check_serialized_input() -> None:
    """The bytes of the examples are those that the published messages write."""
    for oneof_choice in range(2):
        published = input_pb2.Input()
        fill(published, oneof_choice)
        sent = published.SerializeToString(deterministic=True)
        ours = lean_input_pb2.SerializedInput.FromString(sent)
        kind = published.WhichOneof("kind")
        assert ours.WhichOneof("kind") == kind
        theirs, lean = getattr(published, kind), getattr(ours, kind)
        assert list(lean.examples) == [example.SerializeToString() for example in theirs.examples]
        if kind == "example_list_with_context":
            assert lean.context == theirs.context.SerializeToString()
        assert ours.SerializeToString(deterministic=True) == sent, "written back, the bytes differ"


def check_enums() -> None:
    for name, number in lean_tensor_pb2.DataType.items():
        if number:
            assert types_pb2.DataType.Value(name.replace("DATA_TYPE_", "DT_")) == number, name
    states = get_model_status_pb2.ModelVersionStatus.State
    for name, number in model_status_pb2.ModelVersionStatus.State.items():
        if number:
            assert states.Value(name.removeprefix("STATE_")) == number, name


def checks() -> Iterator[tuple[str, object]]:
    for lean, published in PAIRS:
        yield f"wire of {lean.DESCRIPTOR.name}", lambda pair=(lean, published): check_pair(*pair)
        yield f"names of {lean.DESCRIPTOR.name}", lambda pair=(lean, published): check_names(*pair)
    yield "wire of SerializedInput", check_serialized_input
    yield "enums", check_enums
    for name, array in arrays():
        yield f"encoding {name}", lambda array=array: check_encoding(array)
    for name, proto in odd_protos():
        yield f"decoding {name}", lambda proto=proto: check_decoding(proto)


def main() -> None:
    results = {}
    for name, check in checks():
        try:
            check()
            results[name] = ""
        except Exception:  # noqa: BLE001 - it is the result
            results[name] = traceback.format_exc(limit=-2)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
