"""Classify: classes and scores of each example.

A signature for it has one input, "inputs", and one or both of the outputs "classes" (strings [N, C]) and
"scores" (float32 [N, C]).
"""

from collections.abc import Mapping

import numpy as np

from facegrid.tfserving.v1.classification_pb2 import (
    ClassificationRequest,
    ClassificationResponse,
    ClassificationResult,
)
from facegrid.tfserving.v1.model_metadata_pb2 import SignatureDef
from model_server.methods import example_texts as texts
from model_server.methods.examples import INPUTS, serialized_examples
from model_server.methods.model_spec import served_spec, signature_name
from model_server.run.servable import Array, Port, Servable, ServableSignature
from model_server.run.tensor_proto import data_type_name

METHOD_NAME = "tensorflow/serving/classify"

_KIND = "classification"
_CLASSES, _SCORES = "classes", "scores"


def classify(
    servable: Servable,
    version: int,
    request: ClassificationRequest,
    *,
    check_method_name: bool = False,
    timeout_s: float | None = None,
) -> ClassificationResponse:
    """Returns the classes of each example, with the model_spec that says which version found them.

    Raises:
        ServingError: The signature is not one for classification, there are no examples, the network
            refused them, or its outputs are not classes.
    """
    name = signature_name(request.model_spec)
    signature = servable.signatures.get(name)
    if signature is None:
        raise texts.no_such_signature(name)
    fed, fetched = classification_ports(signature, servable.signature_defs[name], check_method_name=check_method_name)
    examples = serialized_examples(request.input)
    arrays = servable.run([(fed, examples)], fetched, timeout_s=timeout_s)
    by_tensor = {port.tensor_name: array for port, array in zip(fetched, arrays, strict=True)}
    return ClassificationResponse(
        model_spec=served_spec(request.model_spec, version),
        result=classification_result(signature, len(examples), by_tensor),
    )


def classification_ports(
    signature: ServableSignature, spec: SignatureDef, *, check_method_name: bool
) -> tuple[Port, list[Port]]:
    """Returns the input to feed and the outputs to fetch.

    Raises:
        ServingError: The signature is not one for classification; `spec` is what the error shows of it.
    """
    if check_method_name and signature.method_name != METHOD_NAME:
        raise texts.unexpected_method_name(_KIND, METHOD_NAME, signature.method_name)
    if len(signature.inputs) != 1:
        raise texts.not_one_input()
    if len(signature.outputs) not in (1, 2):
        raise texts.not_one_or_two_outputs(len(signature.outputs))
    if INPUTS not in signature.inputs:
        raise texts.missing_port(_KIND, "inputs", spec)
    outputs = [signature.outputs[alias] for alias in (_CLASSES, _SCORES) if alias in signature.outputs]
    if not outputs:
        raise texts.neither_classes_nor_scores(spec)
    return signature.inputs[INPUTS], outputs


def classification_result(
    signature: ServableSignature, count: int, by_tensor: Mapping[str, Array]
) -> ClassificationResult:
    """Returns the classes of `count` examples from the fetched arrays, by the names of the tensors.

    Raises:
        ServingError: They are not matrices of `count` rows, of strings and of floats, of the same width.
    """
    classes = _fetched(signature, _CLASSES, by_tensor)
    scores = _fetched(signature, _SCORES, by_tensor)
    if classes is not None and scores is not None and _is_one_tensor(signature):
        scores = None  # as upstream, which takes a tensor with both roles for classes
    if classes is not None:
        _check(classes, _CLASSES, "DT_STRING", count)
    if scores is not None:
        _check(scores, _SCORES, "DT_FLOAT", count)
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise texts.different_class_counts(classes.shape[1], scores.shape[1])
    return _result(classes, scores, count)


def _fetched(signature: ServableSignature, alias: str, by_tensor: Mapping[str, Array]) -> Array | None:
    return by_tensor[signature.outputs[alias].tensor_name] if alias in signature.outputs else None


def _is_one_tensor(signature: ServableSignature) -> bool:
    return signature.outputs[_CLASSES].tensor_name == signature.outputs[_SCORES].tensor_name


def _check(array: Array, name: str, data_type: str, count: int) -> None:
    if array.ndim != 2:
        raise texts.not_two_dimensions(array.shape)
    if data_type_name(array) != data_type:
        raise texts.wrong_class_type(name, data_type, data_type_name(array))
    if len(array) != count:
        raise texts.wrong_class_rows(name, count, len(array))


def _result(classes: Array | None, scores: Array | None, count: int) -> ClassificationResult:
    found = next(array for array in (classes, scores) if array is not None)
    labels = classes if classes is not None else np.full(found.shape, b"", object)
    values = scores if scores is not None else np.zeros(found.shape, np.float32)
    result = ClassificationResult()
    for row in range(count):
        add = result.classifications.add().classes.add
        for label, value in zip(labels[row], values[row].tolist(), strict=True):
            add(label=label.decode(errors="replace"), score=value)
    return result
