"""Flags that change what Predict checks or how it answers."""

import grpc
import pytest

from tests.model_server.helpers import example_messages
from tests.model_server.helpers.example_messages import (
    CLASSIFY,
    REGRESS,
    classification,
    examples,
    inference,
    regression,
)
from tests.model_server.helpers.messages import FLOAT, floats, ints, predict_request, tensor
from tests.model_server.helpers.process import ServerProcess


@pytest.fixture(scope="module")
def strict_server(saved_models, write_config, tmp_path_factory):
    config = write_config(
        *((name, saved_models / name, "") for name in ("half_plus_two", "two_inputs", "conv", "echo", "examples"))
    )
    flags = (
        f"--model_config_file={config}",
        "--strict_input_shapes",
        "--enable_serialization_as_tensor_content",
        "--enable_signature_method_name_check=true",
        "--tensorflow_intra_op_parallelism=1",
        "--grpc_channel_arguments=grpc.max_connection_age_ms=60000,grpc.primary_user_agent=test",
    )
    with ServerProcess(tmp_path_factory.mktemp("strict"), *flags) as running:
        yield running.wait_until_ready()


pytestmark = pytest.mark.usefixtures("embedded_only")


def refusal(server, request) -> tuple:
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(request)
    return caught.value.code(), caught.value.details()


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((12, 12, 3), "input images has shape [12,12,3]; the signature expects [?,?,?,3]"),
        ((1, 12, 12, 4), "input images has shape [1,12,12,4]; the signature expects [?,?,?,3]"),
        ((0, 12, 12, 3), "input images has shape [0,12,12,3]: it is empty"),
        ((1, 12, 0, 3), "input images has shape [1,12,0,3]: it is empty"),
    ],
)
def test_a_shape_that_could_end_the_process_is_refused(strict_server, shape, text):
    request = predict_request("conv", {"images": tensor(FLOAT, shape, float_val=[1])})
    assert refusal(strict_server, request) == (grpc.StatusCode.INVALID_ARGUMENT, text)


def test_a_shape_that_fits_is_answered(strict_server):
    response = strict_server.predict(predict_request("conv", {"images": tensor(FLOAT, (1, 3, 3, 3), float_val=[1])}))
    assert response.outputs["maps"].tensor_content == b"\0\0\xd8\x41" * 2  # 27.0


def test_a_rank_is_checked_where_the_signature_has_one(strict_server):
    text = "input x has shape [3]; the signature expects [?,1]"
    request = predict_request("half_plus_two", {"x": floats([1, 2, 3])})
    assert refusal(strict_server, request) == (grpc.StatusCode.INVALID_ARGUMENT, text)
    strict_server.predict(predict_request("echo", {"x": floats([[[1]]])}, signature="float32"))


def test_upstream_errors_come_before_the_shape(strict_server):
    request = predict_request("half_plus_two", {"x": floats([1])}, outputs=("q",))
    assert refusal(strict_server, request)[1].startswith("output tensor alias not found in signature: q")


def test_an_odd_method_name_is_refused(strict_server):
    inputs = {"values": floats([[1, 2, 3]]), "count": ints(1)}
    assert refusal(strict_server, predict_request("two_inputs", inputs, signature="odd")) == (
        grpc.StatusCode.INTERNAL,
        (
            "Expected prediction signature method_name to be one of {tensorflow/serving/predict, "
            "tensorflow/serving/classify, tensorflow/serving/regress}. Was: odd"
        ),
    )


def test_answers_are_in_tensor_content(strict_server):
    proto = strict_server.predict(predict_request("half_plus_two", {"x": floats([[2]])})).outputs["y"]
    assert (proto.tensor_content, list(proto.float_val)) == (b"\0\0\x40\x40", [])


def test_strings_in_tensor_content(strict_server):
    sent = tensor(7, (2,), string_val=[b"", b"a" * 200])
    proto = strict_server.predict(predict_request("echo", {"x": sent}, signature="string")).outputs["y"]
    assert proto.tensor_content == b"\x00\xc8\x01" + b"a" * 200


METHODS = {
    "classify": classification("examples", examples(1), signature="predict_examples"),
    "regress": regression("examples", examples(1), signature="classify_x_to_y"),
    "multi_inference": inference(examples(1), ("examples", "regress_x_to_y", CLASSIFY)),
}
METHOD_TEXTS = {
    "classify": f"Expected classification signature method_name to be {CLASSIFY}. Was: tensorflow/serving/predict",
    "regress": f"Expected regression signature method_name to be {REGRESS}. Was: {CLASSIFY}",
    "multi_inference": f"Expected classification signature method_name to be {CLASSIFY}. Was: {REGRESS}",
}


@pytest.mark.parametrize("name", METHODS)
def test_a_signature_of_another_method_is_refused(strict_server, name):
    found = example_messages.refusal(strict_server, METHODS[name])
    assert found == (grpc.StatusCode.INVALID_ARGUMENT, METHOD_TEXTS[name])


def test_a_signature_of_the_method_itself_is_answered(strict_server):
    response = example_messages.send(strict_server, regression("examples", examples(2), signature="regress_x_to_y"))
    assert example_messages.values(response) == [3.0]
