"""The models that can be exported: one row for each."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from exporters.dlib_weights import read_dlib
from exporters.embedder_weights import read_embedder
from exporters.gan_weights import read_gan_weights
from exporters.goldens import Golden, dlib_resnet_goldens
from exporters.networks import discriminator, dlib_resnet, generator, inception_v3_graph, onet, pnet, rnet
from exporters.networks.dlib_resnet_layers import LAYERS as DLIB_LAYERS
from exporters.signatures import (
    DISCRIMINATOR,
    EMBEDDERS,
    GENERATOR,
    ONET,
    PNET,
    RNET,
    ModelContract,
)
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
    goldens: Callable[[], Sequence[Golden]] = tuple
    """Answers that the network must give."""
    version: int | None = None
    """The only number that it may be exported as; None: any."""


_FACES = (1, 2, 4, 8, 16, 32)

MODELS = {
    model.contract.name: model
    for model in (
        Model(PNET, lambda: read_mtcnn("pnet", pnet.LAYERS), pnet.build, (1, 2, 4, 8)),
        Model(RNET, lambda: read_mtcnn("rnet", rnet.LAYERS), rnet.build, (1, 2, 4, 8, 16, 32, 64, 128)),
        Model(ONET, lambda: read_mtcnn("onet", onet.LAYERS), onet.build, (1, 2, 4, 8, 16, 32, 64)),
        Model(
            EMBEDDERS[1].model,
            lambda: read_dlib(DLIB_LAYERS),
            dlib_resnet.build,
            _FACES,
            goldens=dlib_resnet_goldens,
            version=1,
        ),
        Model(
            GENERATOR,
            lambda: read_gan_weights("generator", generator.LAYERS),
            generator.build,
            (1, 2, 4, 8, 16, 32, 64, 128),
        ),
        Model(
            DISCRIMINATOR,
            lambda: read_gan_weights("discriminator", discriminator.LAYERS),
            discriminator.build,
            (1, 2, 4, 8, 16, 32, 64, 128),
        ),
    )
}
"""Every model by name: those of `exporters.signatures.CONTRACTS`."""


def trained_embedder(weights: Path) -> Model:
    """Returns version 2 of the embedder, with the weights that a training left in a file.

    Raises:
        WeightsError: See `read_embedder`.
    """
    trained = read_embedder(weights)
    return Model(
        EMBEDDERS[2].model,
        lambda: trained.weights,
        functools.partial(
            inception_v3_graph.build, width=trained.width, input_px=trained.input_px, crop_px=trained.crop_px
        ),
        _FACES,
        version=2,
    )
