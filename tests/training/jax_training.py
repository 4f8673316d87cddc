"""Trainings on JAX from the weights in the repository, in a process of their own: Keras has one backend in each.

    python -m tests.training.jax_training FACES.npz FOLDER

Trains into FOLDER/whole; takes a copy of it as it was on the disk after five steps, and goes on with that in
FOLDER/resumed. What the first steps were given and what they came to is written to FOLDER/steps.npz.
"""

import shutil
import sys
from pathlib import Path
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jax import random

from exporters.training import due
from exporters.training.embedder.aligned_faces import AlignedFaces
from exporters.training.embedder.config import EmbedderConfig
from exporters.training.embedder.on_jax import train
from exporters.training.embedder.on_jax.student import JaxStudent
from exporters.training.embedder.on_jax.teacher import taught
from exporters.training.embedder.pairs import Pairs
from exporters.training.embedder.run import EmbedderRun
from exporters.training.embedder.views import middles
from exporters.weights.inception_v3 import FILE, read_embedder

CONFIG = EmbedderConfig(
    backend="jax",
    width=0.5,
    input_px=120,
    steps=8,
    batch_size=16,
    views=0,
    seam_share=0.5,
    warp_px=2.0,
    checkpoint_steps=3,
    score_steps=4,
    learning_rate=3e-4,
)
NOTED_STEPS = 4


class Watched(JaxStudent):
    """Notes what it is given."""

    notes: ClassVar[dict[str, object]] = {}

    def step(self, number, faces):
        if number >= NOTED_STEPS:
            return super().step(number, faces)
        notes = Watched.notes
        if number == 0:
            for layer, part in self.weights().items():
                notes |= {f"{layer}/{name}": one for name, one in part.items()}
            notes |= {name: np.asarray(self.state[name]) for name in ("mean", "spread")}
        chips = self._views(random.fold_in(random.key(CONFIG.seed), number), self._pictures, jnp.asarray(faces))
        losses = super().step(number, faces)
        notes[f"chips{number}"], notes[f"known{number}"] = np.asarray(chips), np.asarray(taught(self._teaching, chips))
        notes[f"losses{number}"] = [float(losses[name]) for name in ("vectors", "distances")]
        return losses


def main(faces_file, folder):
    """Trains, and goes on."""
    with np.load(faces_file) as arrays:
        faces = AlignedFaces(arrays["pictures"], arrays["people"])
    first = np.arange(95)
    same = faces.people[:-1] == faces.people[1:]
    pairs = Pairs(middles(faces.pictures, 150), first, first + 1, same, first % 3, np.array(["nobody"]))

    def report(done, _steps, _numbers):
        if done == 5:
            shutil.copytree(folder / "whole", folder / "resumed")

    common = {"config": CONFIG, "faces": faces, "pairs": pairs, "start": read_embedder(FILE)}
    due._SUMMARY_STEPS = 1
    train.JaxStudent = Watched
    train.train_on_jax(EmbedderRun(**common, run_dir=folder / "whole", command="whole", report=report))
    np.savez(folder / "steps.npz", **Watched.notes)
    train.JaxStudent = JaxStudent
    again = {"run_dir": folder / "resumed", "command": "resumed", "resume": True, "report": lambda *_: None}
    train.train_on_jax(EmbedderRun(**common, **again))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
