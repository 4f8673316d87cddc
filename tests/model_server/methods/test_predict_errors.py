"""Every error of Predict: code and text as tensorflow_model_server gives them, and which comes first."""

import grpc
import pytest

from tests.model_server.helpers.messages import FLOAT, floats, predict_request, tensor
from tests.model_server.helpers.predict_errors import PREDICT_ERRORS
from tests.model_server.helpers.process import ServerProcess

INVALID = grpc.StatusCode.INVALID_ARGUMENT
X = floats([[1.0]])


@pytest.mark.parametrize(("request_", "code", "text"), PREDICT_ERRORS.values(), ids=PREDICT_ERRORS.keys())
def test_error_has_upstream_code_and_text(server: ServerProcess, request_, code, text):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(request_)
    assert (caught.value.code(), caught.value.details()) == (code, text)


def test_wrong_shape_is_answered_in_the_words_of_the_operation(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request("matmul", {"x": floats([[1, 2, 3], [4, 5, 6]])}))
    assert caught.value.code() == INVALID
    assert caught.value.details().startswith("Matrix size-incompatible: In[0]: [2,3], In[1]: [4,2]\n\t [[{{node ")


def test_long_messages_are_cut(server):
    name = "m" * 2000
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request(name))
    whole = f"Servable not found for request: Latest({name})"
    assert caught.value.details() == whole[:1024] + "...TRUNCATED"


def test_the_request_that_failed_leaves_the_signature_as_it_was(server):
    """A look-up of an unknown key in a protobuf map would add it to the signature."""
    for alias in ("z", "zz"):
        with pytest.raises(grpc.RpcError):
            server.predict(predict_request("half_plus_two", {alias: X}, signature="serving_default"))
    response = server.predict(predict_request("half_plus_two", {"x": X}))
    assert list(response.outputs) == ["y"]


@pytest.mark.usefixtures("embedded_only")
def test_a_huge_tensor_of_one_value_is_refused(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request("half_plus_two", {"x": tensor(FLOAT, (2**40, 1), float_val=[1])}))
    assert caught.value.code() == INVALID
    assert caught.value.details().startswith(
        "tensor parsing error: x: shape [1099511627776,1] needs 4398046511104 bytes"
    )


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("shape", [(0, 2**40, 2**40), (1,) * 65])
def test_a_shape_that_numpy_cannot_hold_is_refused(server, shape):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request("half_plus_two", {"x": tensor(FLOAT, shape, float_val=[1])}))
    assert (caught.value.code(), caught.value.details()) == (INVALID, "tensor parsing error: x")
