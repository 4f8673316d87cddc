from contextlib import ExitStack

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from exporters.models import MODELS
from exporters.saved_model.graph import built
from exporters.signatures import ONET_CROP_PX, PIXEL_UNIT, RNET_CROP_PX, TILE_PX
from tests.support.paths import SAMPLES

SIDE_PX = {"pnet": TILE_PX, "rnet": RNET_CROP_PX, "onet": ONET_CROP_PX}


@pytest.fixture(scope="session")
def networks():
    """Every network, as built."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(built(model)) for name, model in MODELS.items()}


@pytest.fixture(scope="session")
def references():
    """Every network of the package `mtcnn`: real-valued pixels [N, H, W, 3] -> list of outputs."""
    from mtcnn.network.onet import ONet
    from mtcnn.network.pnet import PNet
    from mtcnn.network.rnet import RNet
    from mtcnn.utils.images import normalize_images
    from mtcnn.utils.tensorflow import load_weights

    def reference(name, network):
        network.build()
        network.set_weights(load_weights(f"{name}.lz4"))

        def call(pixels):
            with tf.device("/CPU:0"):
                return [output.numpy() for output in network(normalize_images(pixels))]

        return call

    return {
        name: reference(name, network) for name, network in {"pnet": PNet(), "rnet": RNet(), "onet": ONet()}.items()
    }


@pytest.fixture(scope="session")
def pictures():
    """Pictures by detector, uint16 [7, side, side, 3]: black, white, noise, stripes, a slope, a colour, a face."""
    return {name: _pictures(side) for name, side in SIDE_PX.items()}


def _pictures(side):
    white = 255 * PIXEL_UNIT
    pictures = np.zeros((7, side, side, 3), np.uint16)
    pictures[1] = white
    pictures[2] = np.random.default_rng(5).integers(0, white, (side, side, 3), endpoint=True)
    pictures[3, ::3] = white
    pictures[4] = np.linspace(0, white, side * side * 3).reshape(side, side, 3)
    pictures[5] = np.array([10, 128, 250]) * PIXEL_UNIT
    pictures[6] = _face(side)
    return pictures


def _face(side):
    with Image.open(SAMPLES / "astronaut.png") as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BOX), np.uint16) * PIXEL_UNIT
