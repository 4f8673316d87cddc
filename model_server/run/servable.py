"""What a request needs from a loaded version: signatures, and a way to run them. Needs no TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from facegrid.tfserving.v1.model_metadata_pb2 import SignatureDef
from facegrid.tfserving.v1.tensor_pb2 import TensorProto

Array = NDArray[Any]


@dataclass(frozen=True)
class Port:
    """An input or output of a signature."""

    tensor_name: str
    tensor: Any
    """The graph's tensor, or None where the graph has none of that name."""
    tf_output: Any
    """The tensor's name in TensorFlow's C interface."""
    shape: tuple[int | None, ...] | None
    """Sizes; None for an unknown size, or for an unknown rank."""


@dataclass(frozen=True)
class ServableSignature:
    """One way to call a network."""

    method_name: str
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    defaults: Mapping[str, TensorProto]


class RunFunction(Protocol):
    """A way to run a network."""

    def __call__(
        self,
        feeds: Sequence[tuple[Port, Array]],
        fetches: Sequence[Port],
        *,
        timeout_s: float | None = None,
    ) -> list[Array]:
        """Returns the arrays of `fetches`, in their order."""


class Servable(Protocol):
    """What answers requests: signatures, and a way to run them. Calls may come from many threads at once."""

    @property
    def signatures(self) -> Mapping[str, ServableSignature]:
        """The ways to call it, by name."""

    @property
    def signature_defs(self) -> Mapping[str, SignatureDef]:
        """The same in the form of the SavedModel."""

    @property
    def run(self) -> RunFunction:
        """Runs it."""


class LoadedServable(Servable, Protocol):
    """A servable that holds the memory of a version."""

    def close(self) -> None:
        """Frees everything, whatever still refers to this object. No call may be under way or follow."""
