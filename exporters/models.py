"""The models that can be exported, one row each."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from exporters.networks import discriminator, dlib_resnet, generator, inception_v3_graph, onet, pnet, rnet
from exporters.networks.dlib_resnet_layers import LAYERS as DLIB_LAYERS
from exporters.saved_model.goldens import Golden, dlib_resnet_goldens
from exporters.signatures import (
    DISCRIMINATOR,
    EMBEDDERS,
    GENERATOR,
    ONET,
    PNET,
    RNET,
    ModelContract,
)
from exporters.weights.arrays import Weights
from exporters.weights.dlib import read_dlib
from exporters.weights.gan import read_gan_weights
from exporters.weights.inception_v3 import read_embedder
from exporters.weights.mtcnn import read_mtcnn


@dataclass(frozen=True)
class ExportableModel:
    """A network and everything that its export needs."""

    contract: ModelContract
    read_weights: Callable[[], Weights]
    build: Callable[[Weights, Mapping[str, tf.Tensor]], Mapping[str, Mapping[str, tf.Tensor]]]
    """Adds the network to the default graph: weights, inputs by name -> outputs by signature and name."""
    warmup_batch_sizes: tuple[int, ...]
    """Batch sizes that a model server runs before it accepts requests; the first run of a size is slow."""
    goldens: Callable[[], Sequence[Golden]] = tuple
    """Known answers that the network must give."""
    version: int | None = None
    """The only number under which it may be exported; None: any."""


_FACES = (1, 2, 4, 8, 16, 32)

MODELS = {
    model.contract.name: model
    for model in (
        ExportableModel(PNET, lambda: read_mtcnn("pnet", pnet.LAYERS), pnet.build, (1, 2, 4, 8)),
        ExportableModel(RNET, lambda: read_mtcnn("rnet", rnet.LAYERS), rnet.build, (1, 2, 4, 8, 16, 32, 64, 128)),
        ExportableModel(ONET, lambda: read_mtcnn("onet", onet.LAYERS), onet.build, (1, 2, 4, 8, 16, 32, 64)),
        ExportableModel(
            EMBEDDERS[1].model,
            lambda: read_dlib(DLIB_LAYERS),
            dlib_resnet.build,
            _FACES,
            goldens=dlib_resnet_goldens,
            version=1,
        ),
        ExportableModel(
            GENERATOR,
            lambda: read_gan_weights("generator", generator.LAYERS),
            generator.build,
            (1, 2, 4, 8, 16, 32, 64, 128),
        ),
        ExportableModel(
            DISCRIMINATOR,
            lambda: read_gan_weights("discriminator", discriminator.LAYERS),
            discriminator.build,
            (1, 2, 4, 8, 16, 32, 64, 128),
        ),
    )
}
"""Every model of `exporters.signatures.CONTRACTS` by name."""


def trained_embedder(weights: Path) -> ExportableModel:
    """Returns version 2 of the embedder, with the weights that a training wrote to a file.

    Raises:
        WeightsError: See `read_embedder`.
    """
    trained = read_embedder(weights)
    return ExportableModel(
        EMBEDDERS[2].model,
        lambda: trained.weights,
        functools.partial(
            inception_v3_graph.build, width=trained.width, input_px=trained.input_px, crop_px=trained.crop_px
        ),
        _FACES,
        version=2,
    )
