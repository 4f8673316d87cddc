"""The weights that are kept with the code."""

import numpy as np
import pytest

from exporters.errors import WeightsError
from exporters.networks import discriminator, generator
from exporters.weights import gan as gan_weights
from exporters.weights.gan import read_gan_weights, write_gan_weights

LAYERS = {"generator": generator.LAYERS, "discriminator": discriminator.LAYERS}


def filled(layers, value):
    return {
        layer: {name: np.full(shape, value, np.float32) for name, shape in part.items()}
        for layer, part in layers.items()
    }


@pytest.mark.parametrize("network", LAYERS)
def test_the_file_holds_what_the_networks_need(network):
    weights = read_gan_weights(network, LAYERS[network])
    assert {name for part in weights.values() for name in part} >= {"kernel", "mean"}
    assert all(np.isfinite(array).all() for part in weights.values() for array in part.values())


def test_what_is_written_is_read(tmp_path, monkeypatch):
    path = tmp_path / "gan.npz"
    write_gan_weights(path, filled(generator.LAYERS, 0.5), filled(discriminator.LAYERS, 0.25))
    monkeypatch.setattr(gan_weights, "FILE", path)
    with pytest.raises(WeightsError, match=r"gan.npz \(\d+ bytes\) is not the expected file .* train again: facegrid"):
        read_gan_weights("generator", generator.LAYERS)


def test_weights_that_ran_away_are_not_written(tmp_path):
    wild = filled(generator.LAYERS, 0.5)
    wild["norm1"]["scale"][3] = 1e6
    with pytest.raises(WeightsError, match="generator/norm1/scale cannot be written in half precision"):
        write_gan_weights(tmp_path / "gan.npz", wild, filled(discriminator.LAYERS, 0.25))
    assert not (tmp_path / "gan.npz").exists()
