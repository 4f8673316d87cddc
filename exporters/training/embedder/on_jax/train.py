"""A training by distillation that runs on an accelerator from the pictures on: views, teacher and network, on JAX.

    config.json  state.npz  history.json  ->  embedder.npz  embedder.json

It does what `on_tensorflow/train.py` does, but every view is a new one, and the teacher is asked about each: here that
costs no more than keeping the answers. The teacher is version 1, from its file of weights, and TensorFlow is not
needed. A training that was interrupted goes on after the last state. On a CPU it ends as if it had not been
interrupted; on a GPU, where sums are not always added in the same order, nearly so.
"""

from pathlib import Path

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from exporters.atomic_file import replaced
from exporters.errors import TrainingError
from exporters.networks.dlib_resnet_layers import LAYERS
from exporters.training.embedder.on_jax.student import JaxStudent, Losses
from exporters.training.embedder.run import EmbedderRun
from exporters.training.embedder.widening import widened
from exporters.weights.arrays import Weights
from exporters.weights.dlib import read_dlib

_STATES = 2
"""A new state is written before it replaces the one before."""


def train_on_jax(run: EmbedderRun) -> Path:
    """Trains, or goes on training, and returns the file of weights, RUN_DIR/embedder.npz.

    Args:
        run: What to train, and where. Its objective is `distill`, its views 0; its faces fit into the accelerator's
            memory.

    Raises:
        TrainingError: Keras was loaded with another backend; see also `EmbedderRun.checked` and `EmbedderRun.claim`.
        WeightsError: The teacher's weights are absent.
        OSError: The folder cannot be written.
    """
    if keras.backend.backend() != "jax":
        raise TrainingError(f"Keras runs on {keras.backend.backend()}: set KERAS_BACKEND=jax")
    run = run.checked(states=_STATES)
    teacher = read_dlib(LAYERS)
    run.claim()
    learner = _Learner(run, teacher)
    history = run.learn(learner, done=learner.done)
    device = jax.devices()[0].device_kind
    return run.finish(learner.student.weights(), history, packages=("jax", "keras", "numpy"), accelerator=device)


class _Learner:
    """The network with its faces and its state on the disk; see `exporters.training.embedder.run.Learner`."""

    def __init__(self, run: EmbedderRun, teacher: Weights) -> None:
        self._run = run
        self._file = run.run_dir / "state.npz"
        self.student = JaxStudent(run.config, teacher, run.faces.pictures)
        self.done = self._restored()
        """Steps that are done, as the state on the disk says."""
        if not self.done:
            self.student.aim(self._faces(0))
            if run.start:
                first = widened(run.start.weights, width=run.config.width, seed=run.config.seed)
                self.student.start_from(first)

    def step(self, number: int) -> Losses:
        return self.student.step(number, self._faces(number))

    def vectors(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self.student.vectors(chips)

    def save(self, done: int) -> None:
        with replaced(self._file, durable=False) as draft:
            np.savez(draft, *map(np.asarray, jax.tree.leaves(self.student.state)), done=done)

    def _faces(self, step: int) -> NDArray[np.intp]:
        config = self._run.config
        return self._run.faces.in_turn(step, batch_size=config.batch_size, seed=config.seed)[1]

    def _restored(self) -> int:
        """Gives the network the state on the disk, if there is one; returns how many steps are done."""
        if not self._file.exists():
            return 0
        with np.load(self._file) as kept:
            leaves, structure = jax.tree.flatten(self.student.state)
            arrays = [jax.device_put(kept[f"arr_{number}"]) for number in range(len(leaves))]
            self.student.state = jax.tree.unflatten(structure, arrays)
            return int(kept["done"])
