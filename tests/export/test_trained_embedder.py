"""Embedders that were trained here: read, exported, and refused where file and record disagree."""

import json

import numpy as np
import pytest
import tensorflow as tf

from exporters.errors import VersionExists, WeightsError
from exporters.export import export
from exporters.networks import inception_v3
from exporters.weights.inception_v3 import read_embedder, write_embedder
from tests.export.untrained import untrained_embedder


@pytest.fixture
def weights(tmp_path):
    return untrained_embedder(tmp_path / "embedder.npz", width=0.1)


@pytest.mark.parametrize(("crop_px", "input_px"), [(150, 75), (120, 120)])
def test_what_was_trained_is_exported_as_version_2(crop_px, input_px, tmp_path):
    """And answers as the Keras network does of the middle of chips, but for half precision."""
    weights = untrained_embedder(tmp_path / "embedder.npz", width=0.1, input_px=input_px, crop_px=crop_px)
    path = export("embedder", tmp_path / "models", 2, weights=weights)
    assert path == tmp_path / "models" / "embedder" / "2"
    chips = np.random.default_rng(0).integers(0, 256, (3, 150, 150, 3), dtype=np.uint8)
    served = tf.saved_model.load(str(path)).signatures["serving_default"](chips=tf.constant(chips))["embeddings"]
    network = inception_v3.model(input_px=input_px, width=0.1, seed=3)
    margin, times = (150 - crop_px) // 2, crop_px // input_px
    middle = chips[:, margin : 150 - margin, margin : 150 - margin]
    light = middle.reshape(3, input_px, times, input_px, times, 3).mean(axis=(2, 4)) / 127.5 - 1
    expected = np.asarray(network(light.astype(np.float32), training=False))
    assert served.shape == (3, 128)
    assert np.linalg.norm(served - expected, axis=1).max() < 0.02 * np.linalg.norm(expected, axis=1).min()
    with pytest.raises(VersionExists, match="embedder/2 exists already"):
        export("embedder", tmp_path / "models", 2, weights=weights)


def test_a_record_is_needed_and_has_to_fit(weights, tmp_path):
    with pytest.raises(WeightsError, match=r"none.json is not a readable record of a training .* facegrid train"):
        read_embedder(tmp_path / "none.npz")
    record = json.loads(weights.with_suffix(".json").read_text())
    record["config"]["width"] = 0.2
    weights.with_suffix(".json").write_text(json.dumps(record))
    with pytest.raises(WeightsError, match=r"embedder.npz: .*expected float32"):
        read_embedder(weights)
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"embedder.npz \(\d+ bytes\) is not the expected file"):
        read_embedder(weights)


def test_weights_that_ran_away_are_not_written(tmp_path):
    with pytest.raises(WeightsError, match="inception_v3/Embedding/bias cannot be written in half precision"):
        write_embedder(tmp_path / "wild.npz", {"Embedding": {"bias": np.full(2, 1e6, np.float32)}})
    assert list(tmp_path.iterdir()) == []
