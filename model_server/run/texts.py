"""The errors of loading, warm-up and running a version: code and text.

Callers match on these texts. Where tensorflow_model_server has the error, its words are kept to the letter.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


# --- SavedModels ------------------------------------------------------------------------------------


def saved_model_not_found(path: Path, reason: str = "") -> ServingError:
    """The version's folder has no SavedModel, or (then with a reason) none that may be read."""
    more = f" ({reason})" if reason else ""
    return ServingError(
        _Code.NOT_FOUND,
        f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: {path}. "
        f"Check that the directory exists and that you have the right permissions for accessing it.{more}",
    )


def tags_not_found(tags: Iterable[str]) -> ServingError:
    """The SavedModel has no graph with these tags."""
    return ServingError(
        _Code.NOT_FOUND,
        f"Could not find meta graph def matching supplied tags: {{ {' '.join(tags)} }}. To inspect available "
        "tag-sets in the SavedModel, please use the SavedModel CLI: `saved_model_cli`",
    )


def empty_saved_model(path: Path) -> ServingError:
    """The SavedModel's file is empty: it is being copied (upstream says that the tags are missing)."""
    return ServingError(_Code.DATA_LOSS, f"Can't parse {path} as binary proto: it is empty")


def unreadable_saved_model(path: Path, reason: str) -> ServingError:
    """The SavedModel's file cannot be parsed."""
    return ServingError(_Code.DATA_LOSS, f"Can't parse {path} as binary proto: {reason}")


def variables_not_found(path: Path) -> ServingError:
    """The graph has variables, and the folder no values for them (upstream serves it, and fails each request)."""
    return ServingError(
        _Code.NOT_FOUND, f"Could not find the variables of the SavedModel under {path}/variables: is the copy complete?"
    )


def refused_saved_model(path: Path, code: grpc.StatusCode, reason: str) -> ServingError:
    """TensorFlow cannot make the network that the files describe."""
    return ServingError(code, f"Failed to load {path}: {reason}")


def failed_to_load(path: Path, reason: str) -> ServingError:
    """TensorFlow's Python loader failed in a way that has no code of its own."""
    return ServingError(_Code.UNKNOWN, f"Failed to load {path}: {reason}")


# --- TensorFlow Lite --------------------------------------------------------------------------------


def unreadable_tflite_model(file: Path, reason: str) -> ServingError:
    """The file is not a TensorFlow Lite network (upstream names neither the file nor the reason)."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Cannot build FlatBufferModel from buffer. {file}: {reason}")


def unreadable_tflite_signatures(file: Path, reason: str) -> ServingError:
    """The signatures in the file cannot be read."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Invalid SignatureDefs found in TfLite model: {file}: {reason}")


def tflite_run_failed() -> ServingError:
    """An operation failed."""
    return ServingError(_Code.INTERNAL, "Failed to run interpreter.")


def tflite_shapes_not_accepted(shapes: Sequence[tuple[str, tuple[int, ...]]]) -> ServingError:
    """The network cannot have inputs of these shapes (upstream counts their bytes instead)."""
    listed = ", ".join(f"{name} [{','.join(map(str, shape))}]" for name, shape in shapes)
    return ServingError(_Code.INTERNAL, f"Failed to AllocateTensors() due to change in input tensor: {listed}")


def wrong_tflite_input_type(name: str, expected: str, found: str) -> ServingError:
    """The input has a different dtype (upstream reads its bytes as the network's dtype)."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Expects input tensor {name} to be {expected} but {found} is provided")


# --- Warm-up ----------------------------------------------------------------------------------------


def too_many_warmup_records(limit: int, path: str) -> ServingError:
    """The warm-up file has more than `limit` records."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Number of warmup records exceeds the maximum ({limit}) at {path}")


def unreadable_warmup_file(reason: str) -> ServingError:
    """The warm-up file is not TFRecord."""
    return ServingError(_Code.DATA_LOSS, f"{reason}. Please verify your warmup data is in TFRecord format.")


def unreadable_warmup_record(record: bytes, path: str) -> ServingError:
    """A record of the warm-up file is not a PredictionLog."""
    shown = record.decode(errors="replace")
    return ServingError(_Code.INVALID_ARGUMENT, f"Failed to parse warmup record: {shown} from {path}")


def unsupported_warmup_record(number: int) -> ServingError:
    """A warm-up record of a kind that is not replayed, by the number of its field."""
    return ServingError(_Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")


# --- The runtime ------------------------------------------------------------------------------------


def tensor_not_found(tensor_name: str) -> ServingError:
    """The signature names a tensor that the graph does not have."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Tensor {tensor_name}, specified in either feed_devices or fetch_devices was not found in the Graph",
    )


def refused_by_runtime(reason: str) -> ServingError:
    """TensorFlow's documented session call refused the tensors (only where the private call is missing)."""
    return ServingError(_Code.INVALID_ARGUMENT, reason)


def no_tensorflow() -> ServingError:
    """The package that runs the networks is missing."""
    return ServingError(_Code.UNAVAILABLE, "TensorFlow is not installed: pip install 'facegrid[model-server]'")
