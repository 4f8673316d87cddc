"""Classify, as tensorflow_model_server answers it: y = x / 2 + bias, where bias is 2 if it is left out."""

import pytest

from facegrid.tfserving.v1.classification_pb2 import ClassificationRequest
from facegrid.tfserving.v1.input_pb2 import Input
from tests.model_server.helpers.example_messages import (
    INVALID,
    classes,
    classification,
    example,
    examples,
    refusal,
    send,
    served,
)


@pytest.mark.parametrize("model", ["examples", "examples_tf2"])
def test_scores_without_classes_have_empty_labels(server, model):
    response = send(server, classification(model, examples(2, 4), signature="classify_x_to_y"))
    assert classes(response) == [[("", 3.0)], [("", 4.0)]]
    assert served(response.model_spec) == (model, 123, "classify_x_to_y")


def test_classes_and_scores(server):
    response = send(server, classification("examples", examples(2), signature="labels_and_scores"))
    assert classes(response) == [[("low", -3.0), ("high", 3.0)]]


@pytest.mark.parametrize("signature", ["labels", "labels_twice"])
def test_classes_without_scores(server, signature):
    """A tensor that is both is taken for classes."""
    response = send(server, classification("examples", examples(2), signature=signature))
    assert classes(response) == [[("low", 0.0), ("high", 0.0)]]


def test_a_feature_of_the_context_holds_for_every_example_that_has_none_itself(server):
    given = examples(2, 4, context=example(bias=10))
    given.example_list_with_context.examples[1].MergeFrom(example(bias=0))
    response = send(server, classification("examples", given, signature="classify_x_to_y"))
    assert classes(response) == [[("", 11.0)], [("", 2.0)]]


def odd(signature: str, text: str, given: Input | None = None) -> tuple:
    return classification("odd_examples", examples(1, 2) if given is None else given, signature=signature), text


TABLE = {
    "no model_spec": (ClassificationRequest(), "Missing ModelSpec"),
    "no name": (classification(""), "ModelSpec has no name specified."),
    "unknown signature": (
        classification("examples", examples(1), signature="S"), "No signature was found with the name: S"
    ),
    "no default signature": (
        classification("odd_examples", examples(1)), "No signature was found with the name: serving_default"
    ),
    "no examples": (classification("examples", signature="labels"), "Input is empty."),
    "an empty list": (classification("examples", examples(), signature="labels"), "Input is empty."),
    "a context only": (
        classification("examples", examples(context=example(x=1)), signature="labels"), "Input is empty."
    ),
    "signature before examples": (classification("examples", signature="S"), "No signature was found with the name: S"),
    "no input": odd("classify_no_input", "Expected one input Tensor."),
    "two inputs": odd("classify_two_inputs", "Expected one input Tensor."),
    "no output": odd("classify_no_output", "Expected one or two output Tensors, found 0"),
    "three outputs": odd("classify_three_outputs", "Expected one or two output Tensors, found 3"),
    "ports before examples": odd("classify_two_inputs", "Expected one input Tensor.", examples()),
    "cube": odd("classify_cube", "Expected Tensor shape: [batch_size num_classes] but got [2,1,1]"),
    "flat classes": odd("classify_flat_classes", "Expected Tensor shape: [batch_size num_classes] but got [2]"),
    "flat scores": odd("classify_flat_scores", "Expected Tensor shape: [batch_size num_classes] but got [2]"),
    "float classes": odd("classify_float_classes", "Expected classes Tensor of DT_STRING. Got: DT_FLOAT"),
    "int scores": odd("classify_int_scores", "Expected scores Tensor of DT_FLOAT. Got: DT_INT32"),
    "too many classes": odd("classify_classes_twice", "Expected classes output batch size of 2. Got: 4"),
    "too many scores": odd("classify_scores_twice", "Expected scores output batch size of 2. Got: 4"),
    "different widths": odd("classify_widths", "Tensors class and score should match in dim_size(1). Got 2 vs. 1"),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "text"), TABLE.values(), ids=TABLE.keys())
def test_error_has_upstream_text(server, request_, text):
    assert refusal(server, request_) == (INVALID, text)


def test_ports_of_other_names_are_shown(server):
    code, text = refusal(server, odd("classify_input_alias", "")[0])
    assert code == INVALID
    assert text.startswith('No classification inputs found in SignatureDef: inputs {\n  key: "examples"\n  value {\n')
    assert '    name: "examples:0"\n    dtype: DT_STRING\n' in text
    code, text = refusal(server, odd("classify_output_alias", "")[0])
    assert code == INVALID
    assert text.startswith(
        'Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: '
    )


def test_an_example_without_a_feature_that_is_needed_is_refused_by_the_network(server):
    given = Input()
    given.example_list.examples.add()
    code, text = refusal(server, classification("examples", given, signature="labels"))
    assert code == INVALID
    assert "Feature: x (data type: float) is required but could not be found." in text
