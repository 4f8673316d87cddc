"""A training of the embedder, from aligned faces to a file of weights, in a folder of its own.

    config.json  lessons.npy  checkpoints/  history.json  tensorboard/  ->  embedder.npz  embedder.json

A training that was interrupted goes on after the last checkpoint, and ends as if it had not been.
"""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.embedder_weights import Trained, write_embedder
from exporters.errors import TrainingError
from exporters.training.embedder import Losses, Student
from exporters.training.embedder_config import EmbedderConfig, starting
from exporters.training.faces import Faces
from exporters.training.objectives import CHIP_PX, DIMENSION, Batch, Distill, Labelled, Objective
from exporters.training.pairs import Pairs
from exporters.training.projector import write_projector
from exporters.training.record import History, Report, write_record
from exporters.training.run_dir import claim, require_space
from exporters.training.teacher import Teacher, space_needed
from exporters.training.views import middles
from exporters.training.widening import widened

_SUMMARY_STEPS = 25
_PARAMETER_BYTES = 4 * 4 * 3
"""Of a parameter in three checkpoints: the network's, the average's, and two moments of the optimizer."""
_PARAMETERS = 22e6
"""At width 1."""


def train_embedder(
    config: EmbedderConfig,
    faces: Faces,
    run_dir: Path,
    *,
    teacher: Teacher | None = None,
    pairs: Pairs | None = None,
    start: Trained | None = None,
    command: str,
    report: Report,
    resume: bool = False,
) -> Path:
    """Trains, or goes on training, and returns the file of weights, RUN_DIR/embedder.npz.

    Args:
        config: What to do.
        faces: To train with.
        run_dir: Where everything is kept; must not hold another training unless it is resumed.
        teacher: For the objective `distill`.
        pairs: To watch it by.
        start: Weights to start from, in place of random ones; of the same width or a smaller one.
        command: What was typed, for the record.
        report: Is told how far it is.
        resume: Go on with the training in `run_dir`.

    Raises:
        TrainingError: There are too few faces, or there is too little room on the disk; the weights to start from are
            of another network; the folder holds a training already, or none of this configuration.
        OSError: The folder cannot be written.
    """
    if len(faces.pictures) < config.batch_size:
        raise TrainingError(f"{len(faces.pictures)} pictures are less than a batch: {config.batch_size}")
    lessons_bytes = space_needed(len(faces.pictures), config.views) if teacher else 0
    require_space(run_dir, lessons_bytes + round(config.width**2 * _PARAMETERS * _PARAMETER_BYTES))
    if start:
        config = starting(config, start)
    objective = _objective(config, faces, teacher, run_dir)
    claim(dataclasses.asdict(config), run_dir, resume=resume)
    run = _Run(config, objective, pairs, run_dir, start)
    run.train(report)
    shown = middles(faces.pictures, CHIP_PX) if pairs is None else pairs.chips
    write_projector(run_dir / "tensorboard", shown, run.student.vectors)
    path = run_dir / "embedder.npz"
    write_embedder(path, run.student.weights())
    settings = dataclasses.asdict(config)
    more: dict[str, Any] = {"start": start.record} if start else {}
    write_record(path, config=settings, command=command, data=faces.as_json(), history=run.history, **more)
    return path


def _objective(config: EmbedderConfig, faces: Faces, teacher: Teacher | None, run_dir: Path) -> Objective:
    if config.objective != "distill":
        return Labelled(config, faces)
    if teacher is None:
        raise TrainingError("distillation needs a teacher: an exported version of the embedder")
    return Distill(config, faces, teacher, run_dir / "lessons.npy")


def _student(config: EmbedderConfig, objective: Objective) -> Student:
    return Student(
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


class _Run:
    """A training under way: the network, where it is kept, how it went."""

    def __init__(
        self, config: EmbedderConfig, objective: Objective, pairs: Pairs | None, run_dir: Path, start: Trained | None
    ) -> None:
        self._config = config
        self._objective = objective
        self._pairs = pairs
        self._run_dir = run_dir
        self.student = student = _student(config, objective)
        self._done = tf.Variable(0, dtype=tf.int64)
        kept = {"network": student.network, "average": student.average, "optimizer": student.optimizer}
        aim = {"mean": student.mean, "spread": student.spread}
        self._checkpoints = tf.train.CheckpointManager(
            tf.train.Checkpoint(**kept, **aim, learned=objective.learned, done=self._done),
            str(run_dir / "checkpoints"),
            max_to_keep=2,
        )
        if not self._checkpoints.restore_or_initialize():
            student.aim(*objective.aim())
            if start:
                student.start_from(widened(start.weights, width=config.width, seed=config.seed))
        self.history = History.load(run_dir / "history.json", before=int(self._done))

    def train(self, report: Report) -> None:
        """Does the steps that are left."""
        config = self._config
        with tf.summary.create_file_writer(str(self._run_dir / "tensorboard")).as_default():
            for step, batch in self._batches(int(self._done)):
                losses = self.student.step(tf.constant(step), *batch)
                numbers = self._measured(step, losses)
                for name, number in numbers.items():
                    tf.summary.scalar(name, number, step)
                if numbers:
                    report(step + 1, config.steps, numbers)
                if self._due(step, config.checkpoint_steps):
                    self._keep(step)

    def _batches(self, first: int) -> Iterator[tuple[int, Batch]]:
        """Yields the steps that are left and their batches, of which the next is made while one is learned from."""
        left = range(first, self._config.steps)
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._objective.batch, first)
            for step in left:
                batch = coming.result()
                if step + 1 in left:
                    coming = ahead.submit(self._objective.batch, step + 1)
                yield step, batch

    def _measured(self, step: int, losses: Losses) -> dict[str, float]:
        numbers = {}
        if step % _SUMMARY_STEPS == 0 or step == self._config.steps - 1:
            numbers = {name: float(loss) for name, loss in losses.items()}
            self.history.add(step, numbers)
        if self._pairs and self._due(step, self._config.score_steps):
            numbers["pairs"] = self._pairs.accuracy(self._compared)
            self.history.add_score(step, numbers["pairs"])
        return numbers

    def _compared(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        vectors = self.student.vectors(chips)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if self._objective.directions else vectors

    def _keep(self, step: int) -> None:
        self._done.assign(step + 1)
        self._objective.flush()
        self.history.save(self._run_dir / "history.json")
        self._checkpoints.save(step + 1)

    def _due(self, step: int, every: int) -> bool:
        return (step + 1) % every == 0 or step == self._config.steps - 1
