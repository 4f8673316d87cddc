"""The errors of Classify, Regress and MultiInference: code and text, in the words of tensorflow_model_server."""

import re
from collections.abc import Sequence

import grpc
from google.protobuf import text_format

from facegrid.tfserving.v1.model_metadata_pb2 import SignatureDef
from model_server.errors import ServingError

_Code = grpc.StatusCode


def _invalid(message: str) -> ServingError:
    return ServingError(_Code.INVALID_ARGUMENT, message)


# --- The request ----------------------------------------------------------------------------------


def empty_input() -> ServingError:
    """The request has no examples."""
    return _invalid("Input is empty.")


def no_such_signature(name: str) -> ServingError:
    """Classify and Regress: the model has no such signature."""
    return _invalid(f"No signature was found with the name: {name}")


# --- The signature --------------------------------------------------------------------------------


def unexpected_method_name(kind: str, expected: str, found: str) -> ServingError:
    """The signature is for another method than this `kind` (checked only with the flag)."""
    return _invalid(f"Expected {kind} signature method_name to be {expected}. Was: {found}")


def not_one_input() -> ServingError:
    """The signature has no input, or several."""
    return _invalid("Expected one input Tensor.")


def not_one_output() -> ServingError:
    """Regress: the signature has no output, or several."""
    return _invalid("Expected one output Tensor.")


def not_one_or_two_outputs(found: int) -> ServingError:
    """Classify: the signature has no output, or more than classes and scores."""
    return _invalid(f"Expected one or two output Tensors, found {found}")


def missing_port(kind: str, direction: str, signature: SignatureDef) -> ServingError:
    """The only input, or output, does not have the name that this `kind` needs."""
    return _invalid(f"No {kind} {direction} found in SignatureDef: {_debug_string(signature)}")


def neither_classes_nor_scores(signature: SignatureDef) -> ServingError:
    """Classify: the outputs have other names."""
    return _invalid(
        'Expected classification signature outputs to contain at least one of "classes" or "scores". '
        f"Signature was: {_debug_string(signature)}"
    )


def _debug_string(signature: SignatureDef) -> str:
    """Returns the signature as text, with upstream's names of the data types."""
    text = text_format.MessageToString(signature)
    return re.sub(r"^( *dtype: )DATA_TYPE_", r"\1DT_", text, flags=re.MULTILINE)


# --- The outputs -----------------------------------------------------------------------------------


def not_two_dimensions(shape: Sequence[int]) -> ServingError:
    """Classify: classes or scores are not a matrix."""
    return _invalid(f"Expected Tensor shape: [batch_size num_classes] but got {_brackets(shape)}")


def wrong_class_type(name: str, expected: str, found: str) -> ServingError:
    """Classify: classes are not strings, or scores not floats."""
    return _invalid(f"Expected {name} Tensor of {expected}. Got: {found}")


def wrong_class_rows(name: str, expected: int, found: int) -> ServingError:
    """Classify: not one row of classes or scores for each example."""
    return _invalid(f"Expected {name} output batch size of {expected}. Got: {found}")


def different_class_counts(classes: int, scores: int) -> ServingError:
    """Classify: not one score for each class."""
    return _invalid(f"Tensors class and score should match in dim_size(1). Got {classes} vs. {scores}")


def not_one_value_each(shape: Sequence[int]) -> ServingError:
    """Regress: the output is not a vector or a column."""
    return _invalid(
        f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {_brackets(shape)}"
    )


def wrong_value_count(expected: int, found: int) -> ServingError:
    """Regress: not one value for each example."""
    return _invalid(f"Input batch size did not match output batch size: {expected} vs. {found}")


def wrong_value_type(found: str) -> ServingError:
    """Regress: the values are not floats."""
    return _invalid(f"Expected output Tensor of DT_FLOAT.  Got: {found}")


def _brackets(shape: Sequence[int]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


# --- Several signatures at once -------------------------------------------------------------------


def task_without_model_name() -> ServingError:
    """A task after the first names no model."""
    return _invalid("Found ModelSpec with an empty model name.")


def no_tasks() -> ServingError:
    """A warm-up request without a task. In a caller's request, the missing model is found first."""
    return _invalid("Tensor :0, specified in either feed_devices or fetch_devices was not found in the Graph")


def different_models() -> ServingError:
    """The tasks name more than one model."""
    return _invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name.")


def signature_twice(name: str) -> ServingError:
    """Two tasks ask for the same signature."""
    return _invalid(f"Duplicate evaluation of signature: {name}")


def no_such_task_signature(name: str) -> ServingError:
    """MultiInference: the model has no such signature."""
    return _invalid(f"Requested signature not found in model graph: {name}")


def unsupported_task(method_name: str) -> ServingError:
    """A task that is neither a classification nor a regression."""
    return ServingError(_Code.UNIMPLEMENTED, f"Unsupported signature method_name: {method_name}")
