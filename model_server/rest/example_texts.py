"""The errors of REST's classify and regress: code and text of tensorflow_model_server."""

import grpc

from model_server.errors import ServingError
from model_server.rest.texts import malformed
from model_server.rest.values import Json, shown, type_name


def _invalid(message: str) -> ServingError:
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def missing_examples(document: Json) -> ServingError:
    """No examples; the text speaks of classify even where regress was asked for."""
    return malformed(document, "When method is classify, key 'examples' is expected and was not found")


def examples_not_a_list(document: Json) -> ServingError:
    """Examples are something else."""
    return malformed(document, "Expecting 'examples' value to be an list/array")


def no_examples(document: Json) -> ServingError:
    """A list of examples, but empty."""
    return malformed(document, "'examples' value is an empty array")


def example_not_an_object(value: Json) -> ServingError:
    """An example, or the context, has no names of features."""
    return _invalid(f"Example must be JSON object but got JSON {type_name(value)}")


def not_a_feature_value(name: str, value: Json) -> ServingError:
    """Null, a list within a list, or an object that is not {"b64": "..."}."""
    return _invalid(f"Feature: {name} has element with unexpected JSON type: {type_name(value)}")


def mixed_feature(name: str, kind: str) -> ServingError:
    """A value of another kind than the first of the feature: bytes, float or int64."""
    return _invalid(f"Unexpected element type in feature: {name} expecting type: {kind}")


def too_large_for_float(value: float) -> ServingError:
    """A finite number beyond float32."""
    return _invalid(f"Cannot convert JSON value: {shown(value)} to float without loss of precision.")


def too_large_for_int64(name: str) -> ServingError:
    """A whole number from 2**63 on."""
    return _invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
