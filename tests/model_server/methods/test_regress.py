"""Regress, as tensorflow_model_server answers it: y = x / 2 + bias, where bias is 2 if it is left out."""

import grpc
import pytest

from facegrid.tfserving.v1.regression_pb2 import RegressionRequest
from facegrid.tfserving.v1.tensor_pb2 import DataType
from tests.model_server.helpers.example_messages import (
    INVALID,
    example,
    examples,
    refusal,
    regression,
    send,
    served,
    values,
)
from tests.model_server.helpers.messages import predict_request, tensor


@pytest.mark.parametrize("model", ["examples", "examples_tf2"])
def test_a_column_of_numbers(server, model):
    response = send(server, regression(model, examples(2, 4), signature="regress_x_to_y"))
    assert values(response) == [3.0, 4.0]
    assert served(response.model_spec) == (model, 123, "regress_x_to_y")


def test_a_vector_of_numbers(server):
    assert values(send(server, regression("examples", examples(2, 4), signature="regress_flat"))) == [4.0, 5.0]


def test_a_context_is_merged(server):
    given = examples(2, 4, context=example(bias=10))
    assert values(send(server, regression("examples", given, signature="regress_x_to_y"))) == [11.0, 12.0]


def test_predict_answers_signatures_of_the_other_methods(server):
    """Predict takes any signature; its input is then a tensor of serialized examples."""
    sent = tensor(DataType.DATA_TYPE_STRING, (1,), string_val=[example(x=2).SerializeToString()])
    for signature, output in (("regress_x_to_y", "outputs"), ("classify_x_to_y", "scores")):
        response = server.predict(predict_request("examples", {"inputs": sent}, signature=signature))
        assert list(response.outputs[output].float_val) == [3.0]


def test_regress_answers_a_signature_of_another_method_if_its_names_fit(server):
    assert values(send(server, regression("examples", examples(2), signature="predict_examples"))) == [3.0]


def odd(signature: str, text: str) -> tuple:
    return regression("odd_examples", examples(1, 2), signature=signature), text


TABLE = {
    "no model_spec": (RegressionRequest(), "Missing ModelSpec"),
    "unknown signature": (
        regression("examples", examples(1), signature="S"), "No signature was found with the name: S"
    ),
    "no examples": (regression("examples", signature="regress_x_to_y"), "Input is empty."),
    "two inputs": odd("regress_two_inputs", "Expected one input Tensor."),
    "two outputs": odd("regress_two_outputs", "Expected one output Tensor."),
    "too wide": odd(
        "regress_wide", "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]"
    ),
    "scalar": odd(
        "regress_scalar", "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got []"
    ),
    "too many": odd("regress_twice", "Input batch size did not match output batch size: 2 vs. 4"),
    "integers": odd("regress_int", "Expected output Tensor of DT_FLOAT.  Got: DT_INT32"),
    "strings": odd("regress_text", "Expected output Tensor of DT_FLOAT.  Got: DT_STRING"),
    "not a tensor of examples": (
        regression("examples", examples(1), signature="regress_x_itself"),
        "Expects arg[0] to be float but string is provided",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "text"), TABLE.values(), ids=TABLE.keys())
def test_error_has_upstream_text(server, request_, text):
    assert refusal(server, request_) == (INVALID, text)


@pytest.mark.parametrize(("signature", "direction"), [("input_alias", "inputs"), ("output_alias", "outputs")])
def test_ports_of_other_names_are_shown(server, signature, direction):
    code, text = refusal(server, odd(f"regress_{signature}", "")[0])
    assert code == INVALID
    assert text.startswith(f"No regression {direction} found in SignatureDef: inputs {{\n  key: ")


def test_unknown_model(server):
    code, text = refusal(server, regression("nobody", examples(1)))
    assert (code, text) == (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(nobody)")
