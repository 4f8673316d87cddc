"""The embedder against dlib itself, which runs the same file."""

from pathlib import Path

import dlib
import numpy as np
import pytest
from PIL import Image

from exporters.errors import WeightsError
from exporters.networks.dlib_resnet_layers import LAYERS
from exporters.saved_model.goldens import GOLDEN_TOLERANCE, dlib_resnet_goldens
from exporters.signatures import SERVING_DEFAULT
from exporters.weights.dlib import SHA256, read_dlib
from exporters.weights.files import package_file

PATH = package_file("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="module")
def truth():
    """dlib: chips uint8 [N, 150, 150, 3] -> vectors [N, 128]."""
    network = dlib.face_recognition_model_v1(str(PATH))
    return lambda chips: np.array(
        [network.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in chips], np.float32
    )


@pytest.fixture(scope="module")
def chips():
    """Goldens, noise, and squares of photographs."""
    photos = [_square(SAMPLES / name) for name in ("astronaut.png", "grace_hopper.jpg", "obama.jpg")]
    noise = np.random.default_rng(3).integers(0, 256, (3, 150, 150, 3), np.uint8)
    return np.stack([*(golden.picture for golden in dlib_resnet_goldens()), *noise, *photos])


def _square(path):
    with Image.open(path) as image:
        side = image.width // 2
        box = (side // 2, side // 8, side // 2 + side, side // 8 + side)
        return np.asarray(image.convert("RGB").resize((150, 150), Image.Resampling.BOX, box=box))


def test_vectors_are_dlibs(networks, truth, chips):
    found = networks["embedder"].run(SERVING_DEFAULT, {"chips": chips})["embeddings"]
    expected = truth(chips)
    np.testing.assert_allclose(found, expected, atol=GOLDEN_TOLERANCE, rtol=0)
    assert np.abs(expected[0] - expected[1]).max() > 100 * GOLDEN_TOLERANCE  # red and blue are told apart


def test_goldens_are_dlibs(truth):
    for golden in dlib_resnet_goldens():
        (vector,) = truth(golden.picture[None])
        np.testing.assert_allclose(vector[: len(golden.first)], golden.first, atol=1e-6)
        np.testing.assert_allclose(vector[-len(golden.last) :], golden.last, atol=1e-6)
        assert np.linalg.norm(vector) == pytest.approx(golden.norm, abs=1e-6)


def test_a_vector_does_not_depend_on_its_batch(networks, chips):
    run = networks["embedder"].run
    together = run(SERVING_DEFAULT, {"chips": chips})["embeddings"]
    for index, chip in enumerate(chips):
        alone = run(SERVING_DEFAULT, {"chips": chip[None]})["embeddings"]
        np.testing.assert_allclose(alone[0], together[index], atol=1e-6, rtol=0)


def test_the_published_numbers_are_read(networks):
    weights = read_dlib(LAYERS)
    np.testing.assert_allclose(weights["input"]["mean"], [122.78199768, 117.00099945, 104.29799652])
    conv1 = weights["conv1"]
    corner = [-0.02932992, -0.01886531, -0.00566939, 0.00243096]
    np.testing.assert_allclose(conv1["kernel"][0, :4, 0, 0], corner, atol=5e-9)
    np.testing.assert_allclose(conv1["bias"][:3], [1.9543244e-05, 2.2053666e-05, -6.2225721e-05])
    np.testing.assert_allclose(conv1["gamma"][:3], [12.166323, 10.559221, 17.43005])
    np.testing.assert_allclose(conv1["beta"][:3], [0.46428606, 0.10975504, 0.55875915])
    np.testing.assert_allclose(weights["fc"]["kernel"][255, -2:], [0.01353477, 0.00627936], atol=5e-9)
    assert sum(array.size for layer in weights.values() for array in layer.values()) == 5_614_592 + 3


def test_another_file_is_refused_by_name(tmp_path, monkeypatch):
    other = tmp_path / PATH.name
    content = bytearray(PATH.read_bytes())
    content[1_000_000] ^= 1
    other.write_bytes(content)
    monkeypatch.setattr("exporters.weights.dlib.package_file", lambda *_: other)
    with pytest.raises(
        WeightsError, match=rf"{PATH.name} \(22466066 bytes\) .* expected {SHA256}; reinstall .*-ng==0.1.0"
    ):
        read_dlib(LAYERS)


def test_an_absent_package_is_named(monkeypatch):
    monkeypatch.setattr("exporters.weights.files.find_spec", lambda _: None)
    with pytest.raises(WeightsError, match="face_recognition_models, which holds the weights, is not installed"):
        read_dlib(LAYERS)
