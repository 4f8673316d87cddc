"""A training cut down to seconds: it learns, and an interruption changes nothing."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from exporters.errors import TrainingError
from exporters.training.embedder.aligned_faces import AlignedFaces
from exporters.training.embedder.config import EmbedderConfig
from exporters.training.embedder.on_tensorflow.objectives import Labelled
from exporters.training.embedder.on_tensorflow.teacher import Teacher
from exporters.training.embedder.on_tensorflow.train import train_on_tensorflow
from exporters.training.embedder.pairs import Pairs
from exporters.training.embedder.run import EmbedderRun
from exporters.training.embedder.views import middles
from exporters.training.embedder.widening import widened
from exporters.weights.inception_v3 import read_embedder

CONFIG = EmbedderConfig(
    width=0.1,
    steps=14,
    batch_size=16,
    views=2,
    blend_share=0.3,
    checkpoint_steps=5,
    score_steps=7,
    learning_rate=5e-3,
)


@pytest.fixture(autouse=True)
def every_step_is_noted(monkeypatch):
    monkeypatch.setattr("exporters.training.due._SUMMARY_STEPS", 1)


@pytest.fixture(scope="module")
def teacher_dir(tmp_path_factory):
    """An exported embedder: random directions of a chip's coarse colours."""
    return save_teacher(tmp_path_factory.mktemp("teacher") / "1", chip_px=150)


def save_teacher(folder, *, chip_px):
    directions = tf.constant(np.random.default_rng(0).normal(0, 0.02, (75, 128)).astype(np.float32))
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec((None, chip_px, chip_px, 3), tf.uint8, name="chips")])
    def vectors(chips):
        coarse = tf.nn.avg_pool2d(tf.cast(chips, tf.float32) / 255, chip_px // 5, chip_px // 5, "VALID")
        return {"embeddings": tf.matmul(tf.reshape(coarse, [-1, 75]), directions)}

    module.vectors = vectors
    tf.saved_model.save(module, str(folder), signatures={"serving_default": vectors})
    return folder


@pytest.fixture(scope="module")
def teacher(teacher_dir):
    return Teacher(teacher_dir, chip_px=150)


@pytest.fixture(scope="module")
def pairs(faces_182):
    """Each picture with the next, of the same person or not."""
    first = np.arange(95)
    same = faces_182.people[:-1] == faces_182.people[1:]
    return Pairs(middles(faces_182.pictures, 150), first, first + 1, same, first % 3, np.array(["nobody"]))


def ignore(*_told):
    pass


def train_embedder(config, faces, run_dir, *, teacher=None, **given):
    return train_on_tensorflow(EmbedderRun(config=config, faces=faces, run_dir=run_dir, **given), teacher=teacher)


@pytest.fixture(scope="module")
def folders(faces_182, teacher, pairs, tmp_path_factory):
    """The folder of a training that nothing interrupted, and a copy of it as it was on the disk after 13 steps."""
    folder, copy = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("killed") / "run"

    def report(done, _total, _numbers):
        if done == 13:
            shutil.copytree(folder, copy)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("exporters.training.due._SUMMARY_STEPS", 1)
        train_embedder(CONFIG, faces_182, folder, teacher=teacher, pairs=pairs, command="train", report=report)
    return folder, copy


@pytest.fixture(scope="module")
def whole(folders):
    return folders[0]


def test_an_interrupted_training_ends_as_if_it_had_not_been(faces_182, teacher, pairs, folders):
    whole, killed = folders
    assert not (killed / "embedder.npz").exists()
    watched = {"teacher": teacher, "pairs": pairs, "command": "train"}
    path = train_embedder(CONFIG, faces_182, killed, **watched, report=ignore, resume=True)
    with np.load(path) as resumed, np.load(whole / "embedder.npz") as expected:
        assert resumed.files == expected.files
        for name in expected.files:
            np.testing.assert_array_equal(resumed[name], expected[name], err_msg=name)
    histories = [json.loads((folder / "embedder.json").read_text())["history"] for folder in (killed, whole)]
    assert histories[0]["losses"] == histories[1]["losses"]
    assert histories[0]["scores"] == histories[1]["scores"]


def test_the_losses_fall(whole):
    losses = json.loads((whole / "embedder.json").read_text())["history"]["losses"]
    assert set(losses) == {"vectors", "distances"}
    assert np.mean(losses["vectors"][7:]) < 0.8 * np.mean(losses["vectors"][:2])


def test_the_record_says_what_was_done(whole):
    record = json.loads((whole / "embedder.json").read_text())
    assert record["command"] == "train"
    assert record["config"]["width"] == 0.1
    assert record["data"] | {"sha256": ""} == {
        "pictures": 96, "people": 12, "skipped": 0, "left_out": 0, "sha256": "",
    }  # fmt: skip
    assert list(record["history"]["scores"]) == ["6", "13"]


def test_tensorboard_has_curves_and_vectors(whole):
    logs = whole / "tensorboard"
    assert len(list(logs.glob("events.*"))) == 1
    assert np.loadtxt(logs / "vectors.tsv").shape == (96, 128)
    assert "faces.png" in (logs / "projector_config.pbtxt").read_text()
    assert tf.io.decode_png((logs / "faces.png").read_bytes()).shape == (500, 500, 3)


def test_people_who_are_told_apart_are_trained_with(faces_182, whole, tmp_path):
    """Beginning with what another training ended with, in a wider network, and looking at more pixels of less."""
    more = {"width": 0.2, "input_px": 120, "crop_px": 120}
    config = dataclasses.replace(CONFIG, objective="arcface", steps=2, learning_rate=1e-9, **more)
    start = read_embedder(whole / "embedder.npz")
    judged = []
    chips = middles(faces_182.pictures[:4], 150)
    pairs = SimpleNamespace(chips=chips, accuracy=lambda vectors_of: judged.append(vectors_of(chips)) or 0.5)
    path = train_embedder(config, faces_182, tmp_path, start=start, pairs=pairs, command="train", report=ignore)
    np.testing.assert_allclose(np.linalg.norm(judged[-1], axis=1), 1, rtol=1e-6)  # directions are compared
    record = json.loads((tmp_path / "embedder.json").read_text())
    assert record["config"]["objective"] == "arcface"
    assert record["config"]["start_sha256"] == start.sha256
    assert record["start"] == json.loads((whole / "embedder.json").read_text())
    assert (read_embedder(path).input_px, read_embedder(path).crop_px) == (120, 120)
    expected = widened(start.weights, width=0.2, seed=config.seed)
    for name, kernel in read_embedder(path).weights.items():
        np.testing.assert_allclose(kernel["kernel"], expected[name]["kernel"], rtol=2e-3, atol=1e-5)
    ((name, losses),) = record["history"]["losses"].items()
    assert (name, len(losses)) == ("people", 2)
    assert np.isfinite(losses).all()


def test_a_batch_for_triplets_has_people_with_several_pictures(faces_182):
    batches = Labelled(dataclasses.replace(CONFIG, objective="triplet"), faces_182)
    chips, people = batches.batch(0)
    assert chips.shape == (16, 150, 150, 3)
    assert np.unique(people, return_counts=True)[1].tolist() == [4, 4, 4, 4]
    np.testing.assert_array_equal(chips, batches.batch(0)[0])
    assert not np.array_equal(people, batches.batch(1)[1])


def test_people_with_one_picture_are_no_triplets(faces_182):
    alone = AlignedFaces(faces_182.pictures[:9], faces_182.people[:9])  # eight of one, one of another
    assert len(alone.of_several().pictures) == 8
    with pytest.raises(TrainingError, match="triplet needs two people with two pictures or more, found 1"):
        Labelled(dataclasses.replace(CONFIG, objective="triplet"), alone)


def test_a_folder_of_another_width_is_not_resumed(faces_182, teacher, whole):
    other = dataclasses.replace(CONFIG, width=0.2)
    with pytest.raises(TrainingError, match=r"holds a training with .*'width': 0.1.*, not with .*'width': 0.2"):
        train_embedder(other, faces_182, whole, teacher=teacher, command="train", report=ignore, resume=True)


def test_weights_of_a_wider_network_are_no_start(faces_182, whole, tmp_path):
    other = dataclasses.replace(CONFIG, width=0.05)
    start = read_embedder(whole / "embedder.npz")
    with pytest.raises(TrainingError, match=r"are of width 0.1, not of 0.05 or less: --width"):
        train_embedder(other, faces_182, tmp_path / "run", start=start, command="train", report=ignore)
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_trained_is_said_before_anything_is_written(faces_182, teacher, tmp_path, monkeypatch):
    few = AlignedFaces(faces_182.pictures[:5], faces_182.people[:5])
    with pytest.raises(TrainingError, match="5 pictures are less than a batch: 16"):
        train_embedder(CONFIG, few, tmp_path / "run", teacher=teacher, command="train", report=ignore)
    with pytest.raises(TrainingError, match="distillation needs a teacher"):
        train_embedder(CONFIG, faces_182, tmp_path / "run", command="train", report=ignore)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    with pytest.raises(TrainingError, match=r"the training needs \d+ MB in .*run, of which 5 MB are free"):
        train_embedder(CONFIG, faces_182, tmp_path / "run", teacher=teacher, command="train", report=ignore)
    assert not (tmp_path / "run").exists()


def test_a_teacher_of_other_chips_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="takes chips of 100 px, the new embedder takes 150"):
        Teacher(save_teacher(tmp_path / "1", chip_px=100), chip_px=150)
    with pytest.raises(TrainingError, match=r"none holds no exported embedder .* --teacher DIR"):
        Teacher(tmp_path / "none", chip_px=150)
