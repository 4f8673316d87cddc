"""The objectives of the embedder's training: the batch of each step, and its loss."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.errors import TrainingError
from exporters.signatures import EMBEDDERS
from exporters.training.embedder.aligned_faces import AlignedFaces
from exporters.training.embedder.config import EmbedderConfig
from exporters.training.embedder.distill import distill
from exporters.training.embedder.on_tensorflow.losses import Loss, arcface, triplet
from exporters.training.embedder.on_tensorflow.teacher import Lessons, Teacher
from exporters.training.embedder.views import Augmentation, views

CHIP_PX = EMBEDDERS[1].chip_px
"""Side of the chips of the new embedder: as of version 1, so that the chips in a gallery serve both."""

DIMENSION = EMBEDDERS[1].dimension

_NO_BLENDS = Augmentation(blend_share=0.0)
"""For losses that need the person: a blend of two faces is no known person."""

_PICTURES_A_PERSON = 4
"""Pictures of one person in a batch for triplets, if there are that many."""

Chips = NDArray[np.uint8]

FaceBatch = tuple[Chips, NDArray[np.float32] | NDArray[np.int32]]
"""Chips [N, S, S, 3], and their teacher's vectors [N, D] or the numbers of their people [N]."""


class Distill:
    """Learns the vectors of a teacher.

    Args:
        config: What the training does.
        faces: To train with.
        teacher: Computes the vectors to learn.
        lessons_file: Keeps these vectors.
    """

    def __init__(self, config: EmbedderConfig, faces: AlignedFaces, teacher: Teacher, lessons_file: Path) -> None:
        self._config = config
        self._faces = faces
        file = lessons_file if config.views else None
        self._augmentation = Augmentation(config.blend_share, config.seam_share, config.warp_px)
        self._lessons = Lessons(teacher, file, faces=len(faces.pictures), views=config.views)
        self.loss = distill
        self.learned: list[tf.Variable] = []
        """Variables that learn besides the network."""
        self.directions = False
        """Whether only the directions of vectors are compared, not their lengths."""

    def batch(self, step: int) -> FaceBatch:
        """Returns the chips of a step, and their teacher's vectors."""
        turn, chosen = self._faces.in_turn(step, batch_size=self._config.batch_size, seed=self._config.seed)
        view = turn % self._config.views if self._config.views else turn
        chips = _views(self._faces, chosen, view, self._config, self._augmentation)
        return chips, self._lessons.vectors(view, chosen, chips)

    def aim(self) -> tuple[NDArray[np.float32], float]:
        """Returns the mean of the first lessons, [D], and the standard deviation of a number from it."""
        first = self.batch(0)[1]
        mean: NDArray[np.float32] = first.mean(axis=0)
        return mean, float((first - mean).std())

    def flush(self) -> None:
        """Writes the teacher's vectors to the disk."""
        self._lessons.flush()


class Labelled:
    """Learns to tell people apart: from several pictures of each person for triplets, from any pictures for ArcFace.

    Raises:
        TrainingError: There are fewer than two people, or for triplets fewer than two with two pictures.
    """

    def __init__(self, config: EmbedderConfig, faces: AlignedFaces) -> None:
        self._config = config
        self._faces = faces.of_several() if config.objective == "triplet" else faces
        names, self._numbers = np.unique(self._faces.people, return_inverse=True)
        if len(names) < 2:
            what = "two pictures or more" if config.objective == "triplet" else "pictures"
            raise TrainingError(f"{config.objective} needs two people with {what}, found {len(names)}")
        self.loss: Loss = triplet
        self.learned: list[tf.Variable] = []
        self.directions = True
        if config.objective == "arcface":
            first = np.random.default_rng(config.seed).normal(0, 0.01, (len(names), DIMENSION)).astype(np.float32)
            centres = tf.Variable(first, name="centres")
            self.learned = [centres]
            self.loss = lambda vectors, people: arcface(vectors, people, centres)

    def batch(self, step: int) -> FaceBatch:
        """Returns the chips of a step, and the numbers of their people."""
        if self._config.objective == "triplet":
            turn, chosen = step, self._some_people(step)
        else:
            turn, chosen = self._faces.in_turn(step, batch_size=self._config.batch_size, seed=self._config.seed)
        chips = _views(self._faces, chosen, turn, self._config, _NO_BLENDS)
        return chips, self._numbers[chosen].astype(np.int32)

    def aim(self) -> tuple[NDArray[np.float32], float]:
        """Returns a mean of 0 and a spread of 1: only directions are compared."""
        return np.zeros(DIMENSION, np.float32), 1.0

    def flush(self) -> None:
        """Does nothing: this objective keeps nothing on the disk."""

    def _some_people(self, step: int) -> NDArray[np.intp]:
        rng = np.random.default_rng([self._config.seed, step])
        chosen: list[int] = []
        for person in rng.permutation(self._numbers.max() + 1):
            own = np.flatnonzero(self._numbers == person)
            chosen += rng.permutation(own)[:_PICTURES_A_PERSON].tolist()
            if len(chosen) >= self._config.batch_size:
                break
        return np.array(chosen[: self._config.batch_size])


Objective = Distill | Labelled


def _views(
    faces: AlignedFaces, chosen: NDArray[np.intp], view: int, config: EmbedderConfig, augmentation: Augmentation
) -> NDArray[np.uint8]:
    return views(faces.pictures, chosen, view, chip_px=CHIP_PX, seed=config.seed, augmentation=augmentation)
