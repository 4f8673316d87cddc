"""A training cut down to seconds: it learns, and an interruption changes nothing."""

import dataclasses
import json

import numpy as np
import pytest

from exporters.errors import TrainingError
from exporters.training.digits.mnist import Digits
from exporters.training.digits.train import GanConfig, train_gan

CONFIG = GanConfig(epochs=1, blend_epochs=1, batch_size=16, blends_a_pair=2, reader_epochs=1, checkpoint_steps=4)
STEPS = 12


@pytest.fixture(scope="module")
def digits():
    """Bars at ten places, for digits: 192 pictures."""
    rng = np.random.default_rng(0)
    labels = np.arange(16 * STEPS) % 10
    images = np.zeros((len(labels), 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 + 2 * label : 6 + 2 * label, 4 + rng.integers(4) : 22] = rng.integers(150, 256)
    return Digits(images, labels.astype(np.uint8))


def ignore(*_told):
    pass


@pytest.fixture(scope="module", autouse=True)
def few_digits_tell_the_spread():
    """How far the noise reaches is tested in test_spread.py; here it was half of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exporters.training.digits.spread._A_DIGIT", 20)
        yield


@pytest.fixture(scope="module")
def whole(digits, tmp_path_factory):
    """The folder of a training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    train_gan(CONFIG, digits, folder, command="train", report=ignore)
    return folder


class Killed(Exception):
    """In place of a signal."""


@pytest.mark.timeout(600)  # four starts of a training, each of which builds its graphs
def test_a_training_that_is_interrupted_in_every_stage_ends_as_if_it_had_not_been(digits, whole, tmp_path, monkeypatch):
    monkeypatch.setattr("exporters.training.due._SUMMARY_STEPS", 1)

    def train(until, *, resume):
        def report(stage, done, _total, _numbers):
            if (stage, done) == until:
                raise Killed

        return train_gan(CONFIG, digits, tmp_path, command="train", report=report, resume=resume)

    # Each goes on from what the one before has left: making blends, on digits alone, on blends, too.
    for number, until in enumerate([("blends", 10), ("gan", 7), ("gan", 18)]):
        with pytest.raises(Killed):
            train(until, resume=number > 0)
        assert not (tmp_path / "gan.npz").exists()
    path = train(None, resume=True)
    with np.load(path) as resumed, np.load(whole / "gan.npz") as expected:
        assert resumed.files == expected.files
        for name in expected.files:
            np.testing.assert_array_equal(resumed[name], expected[name], err_msg=name)


def test_the_record_says_what_was_done(whole):
    record = json.loads((whole / "gan.json").read_text())
    assert record["command"] == "train"
    assert record["config"]["batch_size"] == 16
    assert record["data"]["pictures"] == 16 * STEPS
    assert record["history"]["steps"][-1] == 2 * STEPS - 1
    assert set(record["history"]["losses"]) == {"discriminator", "generator", "readers", "jury", "likeness"}
    assert any((whole / "tensorboard").iterdir())


def test_what_was_learned_is_not_what_it_began_with(whole):
    with np.load(whole / "gan.npz") as arrays:
        assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
        assert np.ptp(arrays["generator/norm1/mean"]) > 0
        assert np.abs(arrays["discriminator/conv3/bias"]).max() > 0


def test_a_folder_in_use_is_not_overwritten(digits, whole):
    with pytest.raises(TrainingError, match="holds a training already: go on with --resume"):
        train_gan(CONFIG, digits, whole, command="train", report=ignore)
    other = dataclasses.replace(CONFIG, seed=2)
    with pytest.raises(TrainingError, match=r"holds a training with .*'seed': 1.*, not with .*'seed': 2"):
        train_gan(other, digits, whole, command="train", report=ignore, resume=True)


def test_nothing_to_resume_is_said(digits, tmp_path):
    with pytest.raises(TrainingError, match="there is no training to resume in"):
        train_gan(CONFIG, digits, tmp_path / "none", command="train", report=ignore, resume=True)
