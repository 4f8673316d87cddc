"""A training of the embedder in a folder of its own: everything that does not depend on the backend.

    config.json  history.json  the backend's state  ->  embedder.npz  embedder.json

    checked -> claim -> learn, step by step -> finish

A training that was interrupted goes on after the last state that was saved.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from exporters.errors import TrainingError
from exporters.training.due import is_due, is_summary_due
from exporters.training.embedder.aligned_faces import AlignedFaces
from exporters.training.embedder.config import EmbedderConfig
from exporters.training.embedder.pairs import Pairs
from exporters.training.record import History, Report, write_record
from exporters.training.run_dir import claim, require_space
from exporters.weights.arrays import Weights
from exporters.weights.inception_v3 import TrainedEmbedder, write_embedder

_PARAMETERS = 22e6
"""Of the network at width 1."""
_PARAMETER_BYTES = 4 * 4
"""In a state: the parameter, its average, and two moments of the optimizer, float32."""


class Learner(Protocol):
    """A network that learns on one backend."""

    def step(self, number: int) -> Mapping[str, SupportsFloat]:
        """Does a step and returns its losses by name."""

    def vectors(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns vectors [N, D] of chips [N, S, S, 3], to judge pairs by their distances."""

    def save(self, done: int) -> None:
        """Writes the state after `done` steps; a kill leaves the state before."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EmbedderRun:
    """What is trained, with what, and where."""

    config: EmbedderConfig
    faces: AlignedFaces
    """To train with."""
    run_dir: Path
    """Where everything is kept; holds no other training unless that is resumed."""
    command: str
    """What was typed, for the record."""
    report: Report
    """Called with the progress."""
    pairs: Pairs | None = None
    """To watch the training by."""
    start: TrainedEmbedder | None = None
    """Weights to start from, of the same width or a smaller one; None: random ones."""
    resume: bool = False
    """Go on with the training in `run_dir`."""

    def checked(self, *, states: int, more_bytes: int = 0) -> Self:
        """Returns the run with the checksum of the weights to start from in its configuration.

        Args:
            states: How many states of the learner are on the disk at once.
            more_bytes: What the backend needs on the disk besides them.

        Raises:
            TrainingError: There are fewer faces than a batch has, the disk has too little room, or the weights to
                start from are of a wider network.
        """
        config, count = self.config, len(self.faces.pictures)
        if count < config.batch_size:
            raise TrainingError(f"{count} pictures are less than a batch: {config.batch_size}")
        state_bytes = config.width**2 * _PARAMETERS * _PARAMETER_BYTES
        require_space(self.run_dir, more_bytes + round(state_bytes * states))
        if self.start is None:
            return self
        if self.start.width > config.width:
            raise TrainingError(
                f"the weights to start from are of width {self.start.width}, not of {config.width} or less: --width"
            )
        return dataclasses.replace(self, config=dataclasses.replace(config, start_sha256=self.start.sha256))

    def claim(self) -> None:
        """Makes the folder this training's own, or finds that it is.

        Raises:
            TrainingError: The folder holds a training already, or none of this configuration.
            OSError: The folder cannot be written.
        """
        claim(dataclasses.asdict(self.config), self.run_dir, resume=self.resume)

    def learn(self, learner: Learner, *, done: int) -> History:
        """Does the steps that are left after `done`, and returns how the losses fell."""
        config = self.config
        file = self.run_dir / "history.json"
        history = History.load(file, before=done)
        for step in range(done, config.steps):
            losses = learner.step(step)
            numbers = {}
            if is_summary_due(step, config.steps):
                numbers = {name: float(loss) for name, loss in losses.items()}
                history.add(step, numbers)
            if self.pairs and is_due(step, config.score_steps, config.steps):
                numbers["pairs"] = self.pairs.accuracy(learner.vectors)
                history.add_score(step, numbers["pairs"])
            if numbers:
                self.report(step + 1, config.steps, numbers)
            if is_due(step, config.checkpoint_steps, config.steps):
                history.save(file)
                learner.save(step + 1)
        return history

    def finish(
        self,
        weights: Weights,
        history: History,
        *,
        packages: Sequence[str] = ("tensorflow", "keras", "numpy"),
        **more: Any,
    ) -> Path:
        """Writes the weights and their record, and returns the file of weights, RUN_DIR/embedder.npz.

        Args:
            weights: What was learned.
            history: How it went.
            packages: What it ran on.
            more: What else belongs in the record, by name.
        """
        path = self.run_dir / "embedder.npz"
        write_embedder(path, weights)
        if self.start:
            more["start"] = self.start.record
        config, data = dataclasses.asdict(self.config), self.faces.as_json()
        write_record(path, config=config, command=self.command, data=data, history=history, packages=packages, **more)
        return path
