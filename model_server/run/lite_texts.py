"""The errors of TensorFlow Lite networks. Those that upstream has are in its words."""

from collections.abc import Sequence
from pathlib import Path

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


def unreadable(file: Path, reason: str) -> ServingError:
    """The file is not a network of TensorFlow Lite (upstream does not say which file, nor why)."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Cannot build FlatBufferModel from buffer. {file}: {reason}")


def unreadable_signatures(file: Path, reason: str) -> ServingError:
    """What stands in the place of the signatures is none."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Invalid SignatureDefs found in TfLite model: {file}: {reason}")


def run_failed() -> ServingError:
    """An operation failed."""
    return ServingError(_Code.INTERNAL, "Failed to run interpreter.")


def shapes_not_accepted(shapes: Sequence[tuple[str, tuple[int, ...]]]) -> ServingError:
    """The network cannot have inputs of these shapes (upstream counts their bytes instead)."""
    listed = ", ".join(f"{name} [{','.join(map(str, shape))}]" for name, shape in shapes)
    return ServingError(_Code.INTERNAL, f"Failed to AllocateTensors() due to change in input tensor: {listed}")


def wrong_type(name: str, expected: str, found: str) -> ServingError:
    """The input has another dtype (upstream takes its bytes for the network's)."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Expects input tensor {name} to be {expected} but {found} is provided")
