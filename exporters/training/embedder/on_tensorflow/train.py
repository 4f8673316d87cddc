"""A training of the embedder on TensorFlow, from aligned faces to a file of weights.

    config.json  lessons.npy  checkpoints/  history.json  tensorboard/  ->  embedder.npz  embedder.json

A training that was interrupted goes on after the last checkpoint, and ends as if it had not been.
"""

import dataclasses
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.errors import TrainingError
from exporters.training.embedder.on_tensorflow.losses import Losses
from exporters.training.embedder.on_tensorflow.objectives import (
    CHIP_PX,
    DIMENSION,
    Distill,
    FaceBatch,
    Labelled,
    Objective,
)
from exporters.training.embedder.on_tensorflow.projector import write_projector
from exporters.training.embedder.on_tensorflow.student import Student
from exporters.training.embedder.on_tensorflow.teacher import Teacher, space_needed
from exporters.training.embedder.run import EmbedderRun
from exporters.training.embedder.views import middles
from exporters.training.embedder.widening import widened
from exporters.training.record import Report

_CHECKPOINTS = 2


def train_on_tensorflow(run: EmbedderRun, *, teacher: Teacher | None = None) -> Path:
    """Trains, or goes on training, and returns the file of weights, RUN_DIR/embedder.npz.

    Args:
        run: What to train, and where.
        teacher: For the objective `distill`.

    Raises:
        TrainingError: There is no teacher to learn from, or there are too few people; see also `EmbedderRun.checked`
            and `EmbedderRun.claim`.
        OSError: The folder cannot be written.
    """
    lessons_bytes = space_needed(len(run.faces.pictures), run.config.views) if teacher else 0
    # A new checkpoint is written before the oldest one is removed.
    run = run.checked(states=_CHECKPOINTS + 1, more_bytes=lessons_bytes)
    objective = _objective(run, teacher)
    run.claim()
    learner = _Learner(run, objective)
    log_dir = run.run_dir / "tensorboard"
    run = dataclasses.replace(run, report=_with_summaries(run.report))
    with tf.summary.create_file_writer(str(log_dir)).as_default(), closing(learner):
        history = run.learn(learner, done=learner.done)
    shown = middles(run.faces.pictures, CHIP_PX) if run.pairs is None else run.pairs.chips
    write_projector(log_dir, shown, learner.student.vectors)
    return run.finish(learner.student.weights(), history)


def _objective(run: EmbedderRun, teacher: Teacher | None) -> Objective:
    if run.config.objective != "distill":
        return Labelled(run.config, run.faces)
    if teacher is None:
        raise TrainingError("distillation needs a teacher: an exported version of the embedder")
    return Distill(run.config, run.faces, teacher, run.run_dir / "lessons.npy")


def _with_summaries(report: Report) -> Report:
    """Returns a report that also writes the numbers of each step for TensorBoard."""

    def report_and_write(done: int, steps: int, numbers: dict[str, float]) -> None:
        for name, number in numbers.items():
            tf.summary.scalar(name, number, done - 1)
        report(done, steps, numbers)

    return report_and_write


class _Learner:
    """The network with its batches and its checkpoints; see `exporters.training.embedder.run.Learner`."""

    def __init__(self, run: EmbedderRun, objective: Objective) -> None:
        config = run.config
        self._objective = objective
        self.student = student = Student(
            objective.loss,
            objective.learned,
            input_px=config.input_px,
            crop_px=config.crop_px,
            width=config.width,
            dimension=DIMENSION,
            seed=config.seed,
            steps=config.steps,
            learning_rate=config.learning_rate,
        )
        self._done = tf.Variable(0, dtype=tf.int64)
        kept = {"network": student.network, "average": student.average, "optimizer": student.optimizer}
        aim = {"mean": student.mean, "spread": student.spread}
        self._checkpoints = tf.train.CheckpointManager(
            tf.train.Checkpoint(**kept, **aim, learned=objective.learned, done=self._done),
            str(run.run_dir / "checkpoints"),
            max_to_keep=_CHECKPOINTS,
        )
        if not self._checkpoints.restore_or_initialize():
            student.aim(*objective.aim())
            if run.start:
                student.start_from(widened(run.start.weights, width=config.width, seed=config.seed))
        self._batches = _batches(objective, range(self.done, config.steps))

    @property
    def done(self) -> int:
        """Steps that are done, as the last checkpoint says."""
        return int(self._done)

    def step(self, number: int) -> Losses:
        losses: Losses = self.student.step(tf.constant(number), *next(self._batches))
        return losses

    def vectors(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        vectors = self.student.vectors(chips)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if self._objective.directions else vectors

    def save(self, done: int) -> None:
        self._done.assign(done)
        self._objective.flush()
        self._checkpoints.save(done)

    def close(self) -> None:
        """Ends the thread that makes batches."""
        self._batches.close()


def _batches(objective: Objective, steps: range) -> Generator[FaceBatch]:
    """Yields the batch of each step; the next one is made while one is learned from."""
    with ThreadPoolExecutor(1) as ahead:
        coming = [ahead.submit(objective.batch, step) for step in steps[:1]]
        for step in steps:
            batch = coming.pop().result()
            coming += [ahead.submit(objective.batch, one) for one in steps[step - steps.start + 1 :][:1]]
            yield batch
