"""`facegrid train gan` on the command line; the training itself is tested in tests/training."""

import numpy as np
import pytest


@pytest.fixture
def mnist(tmp_path):
    """A file of 20 pictures in keras's layout."""
    images = np.zeros((20, 28, 28), np.uint8)
    images[:, 5:20, 12] = 255
    labels = (np.arange(20) % 10).astype(np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    return tmp_path / "mnist.npz"


def test_help_has_examples(facegrid):
    result = facegrid("train", "gan", "--help")
    assert result.code == 0
    assert "facegrid train gan --resume" in result.out


@pytest.mark.parametrize("epochs", ["0", "-1", "2.5", "many"])
def test_epochs_are_whole_numbers_from_1(facegrid, epochs):
    result = facegrid("train", "gan", "--epochs", epochs)
    assert result.code == 2
    assert "Invalid value for '--epochs': Input should be" in result.err


def test_a_file_that_is_not_there_is_said_before_anything_is_written(facegrid, tmp_path):
    result = facegrid("train", "gan", "--data", str(tmp_path / "none.npz"), "--run-dir", str(tmp_path / "run"))
    assert (result.code, result.out) == (1, "")
    assert "none.npz is not a readable mnist.npz" in result.err
    assert not (tmp_path / "run").exists()


def test_nothing_to_resume_is_said(facegrid, mnist, tmp_path):
    result = facegrid("train", "gan", "--data", str(mnist), "--run-dir", str(tmp_path / "run"), "--resume")
    assert (result.code, result.out) == (1, "")
    assert "there is no training to resume in" in result.err
