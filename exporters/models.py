"""The models that can be exported: one row for each."""

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
    """A network and what is needed to export it."""

    contract: ModelContract
    read_weights: Callable[[], Weights]
    build: Callable[[Weights, Mapping[str, tf.Tensor]], Mapping[str, Mapping[str, tf.Tensor]]]
    """Adds the network to the default graph: weights and inputs by name -> outputs by signature and name."""
    warmup_batch_sizes: tuple[int, ...]
    """Batch sizes that a model server runs before it takes requests; the first run of a size is slow."""
    goldens: Callable[[], Sequence[Golden]] = tuple
    """Answers that the network must give."""
    version: int | None = None
    """The only number that it may be exported as; None: any."""


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
"""Every model by name: those of `exporters.signatures.CONTRACTS`."""


def trained_embedder(weights: Path) -> ExportableModel:
    """Returns version 2 of the embedder, with the weights that a training left in a file.

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
