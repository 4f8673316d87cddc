"""MultiInference, as tensorflow_model_server answers it."""

import grpc
import pytest

from facegrid.tfserving.v1.inference_pb2 import MultiInferenceRequest
from tests.model_server.helpers.example_messages import (
    CLASSIFY,
    INVALID,
    REGRESS,
    examples,
    inference,
    refusal,
    send,
    served,
)

REGRESSION = ("examples", "regress_x_to_y", REGRESS)
CLASSIFICATION = ("examples", "classify_x_to_y", CLASSIFY)


@pytest.mark.parametrize("model", ["examples", "examples_tf2"])
def test_every_task_is_answered_in_order(server, model):
    """Signatures of TensorFlow 2's kind have an input tensor each; all are fed."""
    tasks = ((model, "regress_x_to_y", REGRESS), (model, "classify_x_to_y", CLASSIFY))
    regressed, classified = send(server, inference(examples(2, 4), *tasks)).results
    assert [each.value for each in regressed.regression_result.regressions] == [3.0, 4.0]
    found = classified.classification_result.classifications
    assert [[(each.label, each.score) for each in one.classes] for one in found] == [[("", 3.0)], [("", 4.0)]]
    assert served(regressed.model_spec) == (model, 123, "regress_x_to_y")
    assert served(classified.model_spec) == (model, 123, "classify_x_to_y")


def test_the_first_task_says_which_version(server):
    request = inference(examples(2), REGRESSION, CLASSIFICATION)
    request.tasks[1].model_spec.version.value = 7
    assert [each.model_spec.version.value for each in send(server, request).results] == [123, 123]
    request.tasks[0].model_spec.version.value = 7
    expected = "Servable not found for request: Specific(examples, 7)"
    assert refusal(server, request) == (grpc.StatusCode.NOT_FOUND, expected)


TABLE = {
    "no task": (MultiInferenceRequest(input=examples(1)), "ModelSpec has no name specified."),
    "no name in the second": (
        inference(examples(1), REGRESSION, ("", "classify_x_to_y", CLASSIFY)),
        "Found ModelSpec with an empty model name.",
    ),
    "two models": (
        inference(examples(1), REGRESSION, ("odd_examples", "classify_x_to_y", CLASSIFY)),
        "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
    ),
    "a signature twice": (
        inference(examples(1), REGRESSION, REGRESSION), "Duplicate evaluation of signature: regress_x_to_y"
    ),
    "unknown signature": (
        inference(examples(1), ("examples", "S", REGRESS)), "Requested signature not found in model graph: S"
    ),
    "no examples": (inference(None, REGRESSION), "Input is empty."),
    "not one for regression": (
        inference(examples(1), ("odd_examples", "regress_two_outputs", REGRESS)), "Expected one output Tensor."
    ),
    "another result": (
        inference(examples(1), ("odd_examples", "regress_int", REGRESS)),
        "Expected output Tensor of DT_FLOAT.  Got: DT_INT32",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "text"), TABLE.values(), ids=TABLE.keys())
def test_error_has_upstream_text(server, request_, text):
    assert refusal(server, request_) == (INVALID, text)


@pytest.mark.parametrize("method_name", ["", "tensorflow/serving/predict"])
def test_other_methods_are_not_supported(server, method_name):
    request = inference(examples(1), ("examples", "", method_name))
    text = f"Unsupported signature method_name: {method_name}"
    assert refusal(server, request) == (grpc.StatusCode.UNIMPLEMENTED, text)
