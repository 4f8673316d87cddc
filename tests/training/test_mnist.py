"""Files of digits, good and bad."""

import numpy as np
import pytest

from exporters.errors import TrainingError
from exporters.training.digits.mnist import as_light, load_digits, one_hot


def arrays(count=4):
    images = np.zeros((count, 28, 28), np.uint8)
    labels = np.arange(count, dtype=np.uint8)
    return {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}


def test_a_file_is_read(tmp_path):
    np.savez(tmp_path / "mnist.npz", **arrays())
    train, test = load_digits(str(tmp_path / "mnist.npz"))
    assert train.labels.tolist() == [0, 1, 2, 3]
    assert test.images.shape == (4, 28, 28)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"x_train": np.zeros((4, 14, 14), np.uint8)},
            r"pictures are uint8 \(4, 14, 14\), expected uint8 \(N, 28, 28\)",
        ),
        ({"x_test": np.zeros((4, 28, 28), np.float32)}, r"pictures are float32"),
        ({"y_train": np.array([0, 1, 2, 10], np.uint8)}, "one label from 0 to 9 for each of 4 pictures"),
        ({"y_train": np.array([0, 1], np.uint8)}, "one label from 0 to 9 for each of 4 pictures"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, change, words):
    np.savez(tmp_path / "mnist.npz", **(arrays() | change))
    with pytest.raises(TrainingError, match=words):
        load_digits(str(tmp_path / "mnist.npz"))


def test_a_file_that_is_absent_torn_or_lacks_a_part_is_refused(tmp_path):
    np.savez(tmp_path / "part.npz", x_train=arrays()["x_train"])
    (tmp_path / "torn.npz").write_bytes((tmp_path / "part.npz").read_bytes()[:100])
    for name in ("absent.npz", "torn.npz", "part.npz"):
        with pytest.raises(TrainingError, match=f"{name} is not a readable mnist.npz .* `--data download`"):
            load_digits(str(tmp_path / name))


def test_light_and_labels_are_as_the_networks_take_them():
    light = as_light(np.array([[[0, 255]]], np.uint8))
    assert light.shape == (1, 1, 2, 1)
    assert light.ravel().tolist() == [-1, 1]
    assert one_hot(np.array([3])).tolist() == [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]]
