"""The errors of the REST API: code and text.

Callers match on these texts. Where tensorflow_model_server has the error, its words are kept to the letter,
misspellings included; errors that only we have are at the end. Errors that gRPC has too are in `methods/`.
"""

from collections.abc import Iterable, Sequence

import grpc

from model_server.errors import ServingError
from model_server.rest.json_values import Json, shown, type_name


def _invalid(message: str) -> ServingError:
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


# --- The path -----------------------------------------------------------------------------------


def malformed_request(method: str, target: str) -> ServingError:
    """The API has no such method and path."""
    return _invalid(f"Malformed request: {method} {target}")


def missing_model_name() -> ServingError:
    """The path names no model; there is no status of all models."""
    return _invalid("Missing model name in request.")


def version_not_a_number(text: str) -> ServingError:
    """The version does not fit 64 bits."""
    return _invalid(f"Failed to convert version: {text} to numeric.")


def unknown_signature(name: str) -> ServingError:
    """The model has no such signature. gRPC has another code and text for it."""
    return _invalid(f'Serving signature name: "{name}" not found in signature def')


def no_inputs(signature_name: str) -> ServingError:
    """The signature has no inputs."""
    return _invalid(f"Failed to get input map for signature: {signature_name or 'DEFAULT'}")


# --- The document -------------------------------------------------------------------------------


def empty_document() -> ServingError:
    """No body."""
    return _invalid("JSON Parse error: The document is empty")


def parse_error(reason: str, offset: int) -> ServingError:
    """Not JSON."""
    return _invalid(f"JSON Parse error: {reason} at offset: {offset}")


def malformed(value: Json, reason: str) -> ServingError:
    """JSON, but not of the expected form."""
    return _invalid(f"JSON Value: {shown(value)} {reason}")


def signature_name_not_a_string(document: Json) -> ServingError:
    """signature_name is something else."""
    return malformed(document, "not formatted correctly. 'signature_name' key must be a string value.")


def both_forms(document: Json) -> ServingError:
    """Rows and columns at once."""
    reason = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
    return malformed(document, reason)


def neither_form() -> ServingError:
    """Neither rows nor columns."""
    return _invalid("Missing 'inputs' or 'instances' key")


def instances_not_a_list(document: Json) -> ServingError:
    """Rows are something else."""
    return malformed(document, "Excepting 'instances' to be an list/array")


def no_instances(document: Json) -> ServingError:
    """Rows, but none."""
    return malformed(document, "No values in 'instances' array")


def plain_instances() -> ServingError:
    """Rows without names for a signature of several inputs."""
    return _invalid(
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
        "tensorinfo_map"
    )


def plain_inputs() -> ServingError:
    """A column without a name for a signature of several inputs."""
    return _invalid(
        "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map"
    )


def missing_column(name: str) -> ServingError:
    """An input has no column."""
    return _invalid(f"Missing named input: {name} in 'inputs' object.")


# --- Rows ---------------------------------------------------------------------------------------


def row_not_an_object(index: int) -> ServingError:
    """The first row has names, this one lacks them."""
    return _invalid(f"Expecting object but got list at item {index} of input list")


def row_not_plain(index: int) -> ServingError:
    """The first row has no names, this one has some."""
    return _invalid(f"Expecting value/list but got object at item {index} of input list")


def unfit_row(index: int, error: ServingError, key: str | None = None) -> ServingError:
    """A row, or one of its named values, is not a tensor or not one like in the first row."""
    of_key = "" if key is None else f" key: {key}"
    return _invalid(f"Failed to process element: {index}{of_key} of 'instances' list. Error: {error}")


def wrong_row_keys(index: int, row: Json, names: Iterable[str]) -> ServingError:
    """A row lacks an input."""
    return _invalid(
        f"Failed to process element: {index} of 'instances' list. JSON object: {shown(row)} keys must be equal to: "
        f"{','.join(sorted(names))}"
    )


def unknown_input(name: str) -> ServingError:
    """A row names an input that the signature does not have."""
    return _invalid(f"JSON object: does not have named input: {name}")


def other_size(expected: int, found: int) -> ServingError:
    """A row has a different number of values than the first."""
    return _invalid(f"Expecting tensor size: {expected} but got: {found}")


def other_shape(expected: Sequence[int], found: Sequence[int]) -> ServingError:
    """A row has as many values as the first, in another shape."""
    return _invalid(f"Expecting shape {_brackets(expected)} but got: {_brackets(found)}")


def _brackets(shape: Sequence[int]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


# --- Values -------------------------------------------------------------------------------------


def wrong_type(value: Json, dtype_name: str) -> ServingError:
    """A value that the dtype cannot hold."""
    return _invalid(f"JSON Value: {shown(value)} Type: {type_name(value)} is not of expected type: {dtype_name}")


def unsupported_type(value: Json, dtype_name: str) -> ServingError:
    """A dtype that JSON is not converted to."""
    return ServingError(
        grpc.StatusCode.UNIMPLEMENTED, f"Conversion of JSON Value: {shown(value)} to type: {dtype_name}"
    )


def not_base64(value: Json) -> ServingError:
    """An object in the place of a string that is not {"b64": "..."}."""
    return malformed(value, "not formatted correctly for base64 data")


def undecodable_base64() -> ServingError:
    """The value of "b64" is not base64."""
    return _invalid("Unable to base64 decode")


def value_at_wrong_level(value: Json, level: int, rank: int) -> ServingError:
    """A value in a place where the first values have a list."""
    return _invalid(
        f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. Expected at level: {rank}"
    )


def list_at_wrong_level(level: int, rank: int) -> ServingError:
    """A list in a place where the first values have a value."""
    return _invalid(f"Encountered list at unexpected level: {level} expected < {rank}")


def list_of_wrong_size(size: int, level: int, expected: int) -> ServingError:
    """A list longer or shorter than the first of its level."""
    return _invalid(f"Encountered list at unexpected size: {size} at level: {level} expected size: {expected}")


# --- Examples ---------------------------------------------------------------------------------------


def missing_examples(document: Json) -> ServingError:
    """No examples; the text names classify even for a regress request."""
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
    """A value of a different kind than the first of the feature: bytes, float or int64."""
    return _invalid(f"Unexpected element type in feature: {name} expecting type: {kind}")


def too_large_for_float(value: float) -> ServingError:
    """A finite number beyond float32."""
    return _invalid(f"Cannot convert JSON value: {shown(value)} to float without loss of precision.")


def too_large_for_int64(name: str) -> ServingError:
    """A whole number from 2**63 on."""
    return _invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")


# --- The answer ---------------------------------------------------------------------------------


def unwritable_type(dtype_name: str) -> ServingError:
    """A dtype that is not converted to JSON."""
    return _invalid(f"Failed to write JSON value for tensor type: {dtype_name}")


def no_outputs() -> ServingError:
    """The signature has no outputs."""
    return _invalid("Cannot convert empty tensor map to JSON")


def output_without_rows(name: str) -> ServingError:
    """An output without dimensions in a response in rows."""
    return _invalid(f"Tensor name: {name} has no shape information ")


def uneven_outputs(name: str, found: int, expected: int) -> ServingError:
    """An output with a different number of rows than the one before."""
    return _invalid(f"Tensor name: {name} has inconsistent batch size: {found} expecting: {expected}")


# --- Not upstream's -----------------------------------------------------------------------------


def repeated_key(key: str) -> ServingError:
    """An object has a key twice (upstream takes the first)."""
    return _invalid(f"JSON Parse error: key {shown(key)} stands twice in an object")


def nested_too_deep() -> ServingError:
    """Lists within lists beyond the parser's limit (upstream's process ends)."""
    return _invalid("JSON Parse error: lists and objects are nested too deep")


def too_many_dimensions(allowed: int) -> ServingError:
    """Lists within lists beyond what an array can have (upstream's limit is 254)."""
    return _invalid(f"a tensor of more than {allowed} dimensions was sent")


def unsupported_input(name: str) -> ServingError:
    """An input of a dtype that NumPy does not have."""
    return ServingError(grpc.StatusCode.UNIMPLEMENTED, f"Conversion of JSON to the type of input {name}")


def body_too_large(allowed_bytes: int) -> ServingError:
    """A request larger than this server takes (upstream's limit is its memory)."""
    return _invalid(f"the body of the request has more than {allowed_bytes} bytes")


def body_did_not_come() -> ServingError:
    """A caller opened a request and sent nothing more."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "the body of the request did not come in time")


def not_gzip() -> ServingError:
    """Content-Encoding is gzip, the body is not (upstream takes it for empty)."""
    return _invalid("Failed to uncompress the gzipped body")


def too_many_requests(allowed: int) -> ServingError:
    """More requests than may wait (upstream lets them wait without limit)."""
    return ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, f"more than {allowed} REST requests at once")


def port_taken(port: int, reason: str) -> ServingError:
    """The port to listen on cannot be bound."""
    return ServingError(
        grpc.StatusCode.UNAVAILABLE,
        f"cannot listen on port {port}: {reason}; stop what uses it, or choose another with --rest_api_port",
    )
