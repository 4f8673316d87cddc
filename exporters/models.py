"""The models that can be exported: one row for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from exporters.networks import onet, pnet, rnet
from exporters.signatures import ONET, PNET, RNET, ModelContract
from exporters.weights import Weights, read_mtcnn


@dataclass(frozen=True)
class Model:
    """A network and what is needed to export it."""

    contract: ModelContract
    read_weights: Callable[[], Weights]
    build: Callable[[Weights, Mapping[str, tf.Tensor]], Mapping[str, Mapping[str, tf.Tensor]]]
    """Adds the network to the default graph: weights and inputs by name -> outputs by signature and name."""
    warmup_batch_sizes: tuple[int, ...]
    """Batch sizes that a model server runs before it takes requests; the first run of a size is slow."""


MODELS = {
    model.contract.name: model
    for model in (
        Model(PNET, lambda: read_mtcnn("pnet", pnet.LAYERS), pnet.build, (1, 2, 4, 8)),
        Model(RNET, lambda: read_mtcnn("rnet", rnet.LAYERS), rnet.build, (1, 2, 4, 8, 16, 32, 64, 128)),
        Model(ONET, lambda: read_mtcnn("onet", onet.LAYERS), onet.build, (1, 2, 4, 8, 16, 32, 64)),
    )
}
"""Every model by name: those of `exporters.signatures.CONTRACTS`."""
