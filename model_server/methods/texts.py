"""The errors of Predict, GetModelMetadata and GetModelStatus, and those of every method: code and text.

Callers match on these texts. Where tensorflow_model_server has the error, its words are kept to the letter; errors that
only we have are at the end.
Classify, Regress and MultiInference have theirs in `example_texts.py`.
"""

from collections.abc import Iterable, Sequence

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


# --- Every method -----------------------------------------------------------------------------------


def missing_model_spec() -> ServingError:
    """The request has no model_spec."""
    return ServingError(_Code.INVALID_ARGUMENT, "Missing ModelSpec")


# --- Predict ----------------------------------------------------------------------------------------


def signature_not_found(name: str) -> ServingError:
    """The model has no such signature."""
    return ServingError(_Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')


def unexpected_method_name(method_name: str) -> ServingError:
    """The signature's method is none of the three (checked only with the flag)."""
    known = "tensorflow/serving/predict, tensorflow/serving/classify, tensorflow/serving/regress"
    return ServingError(
        _Code.INTERNAL,
        f"Expected prediction signature method_name to be one of {{{known}}}. Was: {method_name}",
    )


def wrong_number_of_inputs(sent: Iterable[str], expected: Iterable[str]) -> ServingError:
    """More inputs than the signature has, or fewer and there are no defaults."""
    sent, expected = set(sent), set(expected)
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"input size does not match signature: {len(sent)}!={len(expected)} "
        f"len({{{_joined(sent)}}}) != len({{{_joined(expected)}}}). "
        f"Sent extra: {{{_joined(sent - expected)}}}. Missing but required: {{{_joined(expected - sent)}}}.",
    )


def missing_input(alias: str, tensor_name: str, sent: Iterable[str], defaults: Iterable[str]) -> ServingError:
    """An input is neither sent nor has a default."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Signature input alias: {alias}(feed name: {tensor_name}) not found in request and no default value "
        f"provided. Inputs expected to be in the request {{{_joined(sent)}}}, or default input alias set: "
        f"{_joined(defaults)}",
    )


def unused_input(used: Iterable[str], sent: Iterable[str]) -> ServingError:
    """An unknown name was sent, while a default filled the place of another input."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Inputs contains invalid name. Used request inputs: {_joined(used)}, request input: {_joined(sent)}",
    )


def unreadable_tensor(alias: str) -> ServingError:
    """The TensorProto is not a tensor: it has no dtype, a negative size, or content of the wrong length."""
    return ServingError(_Code.INVALID_ARGUMENT, f"tensor parsing error: {alias}")


def unknown_output(alias: str, outputs: Iterable[str]) -> ServingError:
    """The output_filter names an output that the signature does not have."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"output tensor alias not found in signature: {alias} "
        f"Outputs expected to be in the set {{{_joined(outputs)}}}.",
    )


def duplicate_output(alias: str) -> ServingError:
    """The output_filter names an output twice."""
    return ServingError(_Code.INVALID_ARGUMENT, f"duplicate output tensor alias: {alias}")


def _joined(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


# --- GetModelMetadata and GetModelStatus ------------------------------------------------------------


def missing_metadata_field() -> ServingError:
    """The request names no metadata_field."""
    return ServingError(_Code.INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field")


def unsupported_metadata_field(field: str) -> ServingError:
    """Only "signature_def" is known."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Metadata field {field} is not supported")


def no_such_version(name: str, version: int) -> ServingError:
    """GetModelStatus: this version has never been seen."""
    return ServingError(_Code.NOT_FOUND, f"Could not find version {version} of model {name}")


def no_such_model(name: str, problem: str = "") -> ServingError:
    """GetModelStatus: no version was ever seen; for a configured model, with the reason (ours)."""
    more = f": {problem}" if problem else ""
    return ServingError(_Code.NOT_FOUND, f"Could not find any versions of model {name}{more}")


# --- Not upstream's ---------------------------------------------------------------------------------


def oversized_tensor(alias: str, shape: Sequence[int], needed_bytes: int, allowed_bytes: int) -> ServingError:
    """A few bytes that declare a huge tensor (upstream allocates it)."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"tensor parsing error: {alias}: shape {_brackets(shape)} needs {needed_bytes} bytes of which few were sent; "
        f"{allowed_bytes} are allowed",
    )


def shape_mismatch(alias: str, shape: Sequence[int], expected: Sequence[int | None]) -> ServingError:
    """A shape that does not fit the signature (--strict_input_shapes; upstream leaves this to the network)."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"input {alias} has shape {_brackets(shape)}; the signature expects {_brackets(expected)}",
    )


def empty_input(alias: str, shape: Sequence[int]) -> ServingError:
    """A tensor without elements (--strict_input_shapes; a convolution returns garbage for it)."""
    return ServingError(_Code.INVALID_ARGUMENT, f"input {alias} has shape {_brackets(shape)}: it is empty")


def deadline_passed() -> ServingError:
    """The caller's deadline was over before the network was run."""
    return ServingError(_Code.DEADLINE_EXCEEDED, "the deadline was over before the request was run")


def internal_error() -> ServingError:
    """A fault of this server; its log has the details."""
    return ServingError(_Code.INTERNAL, "internal error; see the log of the model server")


def _brackets(shape: Sequence[int | None]) -> str:
    return "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"
