"""A training on JAX, cut down: it goes as one on TensorFlow would, and an interruption changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from exporters.errors import TrainingError
from exporters.training.embedder.aligned_faces import AlignedFaces
from exporters.training.embedder.config import EmbedderConfig
from exporters.training.embedder.distill import distill
from exporters.training.embedder.on_jax.train import train_on_jax
from exporters.training.embedder.on_tensorflow.student import Student
from exporters.training.embedder.run import EmbedderRun
from exporters.weights.inception_v3 import layer_shapes, read_embedder
from tests.training.jax_training import CONFIG, NOTED_STEPS

REPOSITORY = Path(__file__).resolve().parents[2]

_QUICKLY_COMPILED = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


@pytest.fixture(scope="session")
def trained(faces_182, tmp_path_factory):
    """The folder with `whole`, `resumed` and `steps.npz`."""
    folder = tmp_path_factory.mktemp("jax")
    np.savez(folder / "faces.npz", pictures=faces_182.pictures, people=faces_182.people)
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": _QUICKLY_COMPILED,
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
    }
    command = [sys.executable, "-m", "tests.training.jax_training", str(folder / "faces.npz"), str(folder)]
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, timeout=280)
    return folder


@pytest.mark.slow
def test_steps_are_those_of_tensorflow(trained):
    """The same chips, vectors to learn and first weights: losses go the same way, so weights do."""
    with np.load(trained / "steps.npz") as arrays:
        steps = dict(arrays)
    settings = {"input_px": CONFIG.input_px, "crop_px": CONFIG.crop_px, "width": CONFIG.width, "seed": CONFIG.seed}
    student = Student(distill, [], **settings, dimension=128, steps=CONFIG.steps, learning_rate=CONFIG.learning_rate)
    student.aim(steps["mean"], float(steps["spread"]))
    shapes = layer_shapes(CONFIG.width)
    student.start_from({layer: {name: steps[f"{layer}/{name}"] for name in part} for layer, part in shapes.items()})
    for number in range(NOTED_STEPS):
        chips, known = tf.constant(steps[f"chips{number}"]), tf.constant(steps[f"known{number}"])
        losses = student.step(tf.constant(number), chips, known)
        found = [float(losses[name]) for name in ("vectors", "distances")]
        assert found == pytest.approx(steps[f"losses{number}"], rel=1e-3), number


@pytest.mark.slow
def test_an_interruption_changes_nothing(trained):
    whole, resumed = (read_embedder(trained / name / "embedder.npz") for name in ("whole", "resumed"))
    for layer, part in whole.weights.items():
        for name, one in part.items():
            np.testing.assert_array_equal(one, resumed.weights[layer][name], err_msg=f"{layer} {name}")
    losses, losses_resumed = (one.record["history"]["losses"] for one in (whole, resumed))
    assert losses == losses_resumed
    assert len(losses["vectors"]) == CONFIG.steps
    assert losses["vectors"][-1] < 0.9 * losses["vectors"][0]


@pytest.mark.slow
def test_the_record_says_what_it_ran_on(trained):
    record = json.loads((trained / "whole" / "embedder.json").read_text())
    assert record["accelerator"] == "cpu"
    assert set(record["versions"]) == {"jax", "keras", "numpy"}
    assert set(record["history"]["scores"]) == {"3", "7"}
    assert (record["config"]["backend"], record["config"]["views"]) == ("jax", 0)


@pytest.mark.slow
def test_nothing_half_written_is_left(trained):
    files = {path.name for path in (trained / "whole").iterdir()}
    assert files == {"config.json", "state.npz", "history.json", "embedder.npz", "embedder.json"}


def run_of(config, faces, run_dir):
    return EmbedderRun(config=config, faces=faces, run_dir=run_dir, command="", report=lambda *_: None)


def test_keras_has_to_run_on_jax(faces_182, tmp_path):
    assert keras.backend.backend() == "tensorflow"
    with pytest.raises(TrainingError, match="Keras runs on tensorflow: set KERAS_BACKEND=jax"):
        train_on_jax(run_of(CONFIG, faces_182, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("count", [0, 15])
def test_less_than_a_batch_is_refused(faces_182, tmp_path, monkeypatch, count):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    few = AlignedFaces(faces_182.pictures[:count], faces_182.people[:count])
    with pytest.raises(TrainingError, match=f"{count} pictures are less than a batch: 16"):
        train_on_jax(run_of(EmbedderConfig(batch_size=16), few, tmp_path / "run"))
