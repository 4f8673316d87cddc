"""The plain host with a generator and a discriminator that are functions, for the client and the command line."""

from contextlib import contextmanager

import numpy as np

from orchestrator.pipeline.digits import mix
from orchestrator.pipeline.noise import noise_of
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, discriminator, generator
from tests.support.hosts import running_host


@contextmanager
def generation_host(**settings):
    """Serves until the end of the block; gives HOST:PORT."""
    networks = FunctionPredictor({"generator": generator, "discriminator": discriminator})
    with running_host(Settings(**settings), networks) as target:
        yield target


def expected(weights, count, seed, truncation=None):
    """The pictures that the host's generator draws, uint8 [count, 28, 28]."""
    labels = np.tile(mix(weights.items()), (count, 1))
    return generator(noise_of(seed, 0, count, truncation=truncation), labels, "serving_default")["images"][..., 0]
