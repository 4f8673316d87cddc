import grpc
import pytest

from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from tests.model_server.helpers.messages import FLOAT

SPEC = ModelSpec(name="half_plus_two")
FIELDS = ["signature_def"]


def signatures(server, name) -> SignatureDefMap:
    response = server.metadata(GetModelMetadataRequest(model_spec=ModelSpec(name=name), metadata_field=FIELDS))
    packed = response.metadata["signature_def"]
    assert packed.type_url == "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    return SignatureDefMap.FromString(packed.value)


def test_model_spec_has_name_and_version_and_no_signature(server):
    response = server.metadata(GetModelMetadataRequest(model_spec=SPEC, metadata_field=FIELDS))
    assert (response.model_spec.name, response.model_spec.version.value) == ("half_plus_two", 123)
    assert response.model_spec.signature_name == ""


def test_signature_is_that_of_the_saved_model(server):
    signature = signatures(server, "half_plus_two").signature_def["serving_default"]
    x = signature.inputs["x"]
    assert (x.name, x.dtype, [dim.size for dim in x.tensor_shape.dim]) == ("x:0", FLOAT, [-1, 1])
    assert signature.outputs["y"].name == "y:0"
    assert signature.method_name == "tensorflow/serving/predict"


def test_every_signature_is_there_with_its_defaults(server):
    found = signatures(server, "two_inputs").signature_def
    assert set(found) == {"serving_default", "plain", "odd"}
    assert list(found["serving_default"].defaults) == ["count"]
    assert set(signatures(server, "echo").signature_def) >= {"float32", "string", "uint64"}


ERRORS = {
    "no model_spec": (GetModelMetadataRequest(metadata_field=FIELDS), "Missing ModelSpec"),
    "nothing asked for": (
        GetModelMetadataRequest(model_spec=SPEC),
        "GetModelMetadataRequest must specify at least one metadata_field",
    ),
    "unknown field": (
        GetModelMetadataRequest(model_spec=ModelSpec(name="nobody"), metadata_field=[*FIELDS, "weights"]),
        "Metadata field weights is not supported",
    ),
    "no name": (
        GetModelMetadataRequest(model_spec=ModelSpec(version_label="x"), metadata_field=FIELDS),
        "ModelSpec has no name specified.",
    ),
}


@pytest.mark.parametrize(("request_", "text"), ERRORS.values(), ids=ERRORS.keys())
def test_error_has_upstream_text(server, request_, text):
    with pytest.raises(grpc.RpcError) as caught:
        server.metadata(request_)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, text)


def test_unknown_model(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.metadata(GetModelMetadataRequest(model_spec=ModelSpec(name="nobody"), metadata_field=FIELDS))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert caught.value.details() == "Servable not found for request: Latest(nobody)"
