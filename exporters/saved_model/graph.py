"""A network in its own graph, called by the signatures of its contract."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from exporters.models import ExportableModel
from exporters.signatures import TensorSpec

Array = NDArray[Any]


@dataclass(frozen=True)
class SignatureTensors:
    """The tensors of one signature, by name."""

    inputs: Mapping[str, tf.Tensor]
    outputs: Mapping[str, tf.Tensor]


@dataclass(frozen=True)
class ModelGraph:
    """A graph and its signatures."""

    graph: tf.Graph
    endpoints: Mapping[str, SignatureTensors]
    session: tf.compat.v1.Session

    def run(self, signature: str, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Returns the outputs of a signature by name."""
        endpoint = self.endpoints[signature]
        answers = self.session.run(
            dict(endpoint.outputs), {endpoint.inputs[name]: array for name, array in feeds.items()}
        )
        return dict(answers)


@contextmanager
def built(model: ExportableModel) -> Iterator[ModelGraph]:
    """Gives the network as its file in `exporters.networks` describes it, with its weights.

    Signatures that name the same input share it.

    Raises:
        WeightsError: The weights are absent or do not fit.
    """
    weights = model.read_weights()
    with _empty_session() as session:
        with session.graph.as_default():
            inputs = {name: _placeholder(name, spec) for name, spec in _inputs(model).items()}
            outputs = model.build(weights, inputs)
        endpoints = {
            name: SignatureTensors({alias: inputs[alias] for alias in model.contract.signatures[name].inputs}, by_alias)
            for name, by_alias in outputs.items()
        }
        yield ModelGraph(session.graph, endpoints, session)


@contextmanager
def loaded(path: Path) -> Iterator[ModelGraph]:
    """Gives the network of a SavedModel, from the file alone."""
    with _empty_session() as session:
        meta_graph = tf.compat.v1.saved_model.loader.load(session, [tf.saved_model.SERVING], str(path))
        endpoints = {
            name: SignatureTensors(
                _tensors(session.graph, signature.inputs), _tensors(session.graph, signature.outputs)
            )
            for name, signature in meta_graph.signature_def.items()
        }
        yield ModelGraph(session.graph, endpoints, session)


@contextmanager
def _empty_session() -> Iterator[tf.compat.v1.Session]:
    # On the CPU every run gives the same answer, so built and loaded networks can be compared exactly.
    config = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    try:
        yield session
    finally:
        session.close()


def _inputs(model: ExportableModel) -> dict[str, TensorSpec]:
    return {name: spec for signature in model.contract.signatures.values() for name, spec in signature.inputs.items()}


def _placeholder(name: str, spec: TensorSpec) -> tf.Tensor:
    return tf.compat.v1.placeholder(spec.dtype, spec.shape, name=name)


def _tensors(graph: tf.Graph, infos: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    return {alias: graph.get_tensor_by_name(info.name) for alias, info in infos.items()}
