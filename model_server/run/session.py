"""A servable that runs a session of TensorFlow.

Importing this file loads TensorFlow; `__main__` does so only when the flags and files are in order.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from facegrid.tfserving.v1.model_metadata_pb2 import SignatureDef, TensorInfo
from model_server.errors import ServingError, code_of
from model_server.run import runtime, texts
from model_server.run.servable import Array, Port, RunFunction, ServableSignature


class SessionServable:
    """A loaded network, run by a session. Calls may come from many threads at once."""

    def __init__(self, session: runtime.Session, signature_defs: Mapping[str, SignatureDef]) -> None:
        self._session = session
        self.signature_defs = signature_defs
        """The signatures as GetModelMetadata gives them."""
        self.signatures = {name: _signature(session.graph, spec) for name, spec in signature_defs.items()}
        self._raw_call = getattr(session, "_call_tf_sessionrun", None)
        self._batched: RunFunction | None = None

    def run(
        self,
        feeds: Sequence[tuple[Port, Array]],
        fetches: Sequence[Port],
        *,
        timeout_s: float | None = None,
    ) -> list[Array]:
        """Returns the arrays of `fetches`, in their order; after `use_batching`, computed in a batch with others.

        Raises:
            ServingError: With the code and text of TensorFlow's runtime, or of batching.
        """
        run = self._batched or self.run_unbatched
        return run(feeds, fetches, timeout_s=timeout_s)

    def use_batching(self, run: RunFunction) -> None:
        """Sends later calls through `run`, which itself calls `run_unbatched`."""
        self._batched = run

    def run_unbatched(
        self,
        feeds: Sequence[tuple[Port, Array]],
        fetches: Sequence[Port],
        *,
        timeout_s: float | None = None,
    ) -> list[Array]:
        """Returns the arrays of `fetches`, in their order, computed by a separate call.

        Shapes are not checked against the signature: that is left to the network's operations, as in
        tensorflow_model_server.

        Raises:
            ServingError: With the code and text of TensorFlow's runtime.
        """
        for port in (*(port for port, _ in feeds), *fetches):
            if port.tensor is None:
                raise texts.tensor_not_found(port.tensor_name)
        try:
            if self._raw_call is None:
                return self._run_public(feeds, fetches)
            options = None if timeout_s is None else runtime.new_buffer(runtime.run_options(timeout_s))
            try:
                arrays: list[Array] = self._raw_call(
                    options,
                    {port.tf_output: array for port, array in feeds},
                    [port.tf_output for port in fetches],
                    [],
                    None,
                )
            finally:
                if options is not None:
                    runtime.delete_buffer(options)
        except runtime.OpError as error:
            raise ServingError(code_of(error.error_code), error.message) from error
        # TensorFlow returns a string without dimensions as `bytes`.
        return [np.array(array, object) if isinstance(array, bytes) else array for array in arrays]

    def _run_public(self, feeds: Sequence[tuple[Port, Array]], fetches: Sequence[Port]) -> list[Array]:
        """Runs the documented call, for a TensorFlow without the private one, which is five times as fast."""
        try:
            arrays: list[Array] = self._session.run(
                [port.tensor for port in fetches], {port.tensor: array for port, array in feeds}
            )
        except (TypeError, ValueError) as error:
            raise texts.refused_by_runtime(str(error)) from error
        return arrays

    def close(self) -> None:
        """Frees everything, whatever still refers to this object. No call may be under way or follow."""
        self._session.close()
        self._session = self._raw_call = self._batched = None
        self.signatures, self.signature_defs = {}, {}


def _signature(graph: runtime.Graph, spec: SignatureDef) -> ServableSignature:
    return ServableSignature(
        method_name=spec.method_name,
        inputs={alias: _port(graph, info) for alias, info in sorted(spec.inputs.items())},
        outputs={alias: _port(graph, info) for alias, info in sorted(spec.outputs.items())},
        defaults=dict(spec.defaults),
    )


def _port(graph: runtime.Graph, info: TensorInfo) -> Port:
    try:
        tensor = graph.get_tensor_by_name(info.name)
    except (KeyError, ValueError):
        tensor = None
    shape = None
    if info.HasField("tensor_shape") and not info.tensor_shape.unknown_rank:
        shape = tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)
    return Port(
        tensor_name=info.name,
        tensor=tensor,
        tf_output=None if tensor is None else tensor._as_tf_output(),  # noqa: SLF001 - see `run_unbatched`
        shape=shape,
    )
