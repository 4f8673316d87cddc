"""A training of the embedder, from aligned faces to a file of weights, in a folder of its own.

    config.json  lessons.npy  checkpoints/  history.json  tensorboard/  ->  embedder.npz  embedder.json

A training that was interrupted goes on after the last checkpoint, and ends as if it had not been.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from exporters.embedder_weights import weights_of, write_embedder_weights
from exporters.signatures import EMBEDDERS
from exporters.training.embedder import Student
from exporters.training.faces import Faces
from exporters.training.losses import distill
from exporters.training.pairs import Pairs
from exporters.training.record import History, write_record
from exporters.training.run_dir import claim, require_space
from exporters.training.teacher import Lessons, Teacher, space_needed
from exporters.training.views import views

CHIP_PX = EMBEDDERS[1].chip_px
"""Side of the chips that the new embedder takes: those of version 1, so that galleries keep what both need."""

Report = Callable[[int, int, dict[str, float]], None]
"""Is told how many steps are done, of how many, and what was measured last."""

_SUMMARY_STEPS = 25
_CHECKPOINT_BYTES = 16
"""For each parameter of a checkpoint: network, average, and two moments of the optimizer."""


@dataclasses.dataclass(frozen=True)
class EmbedderConfig:
    """What a training does; kept beside the weights."""

    objective: str = "distill"
    width: float = 0.35
    input_px: int = 75
    steps: int = 20_000
    batch_size: int = 64
    learning_rate: float = 2e-3
    views: int = 32
    """Different views of each face whose lessons are kept and come again; 0: every view is a new one."""
    blend_share: float = 0.3
    """Of views that are blends of two faces."""
    checkpoint_steps: int = 500
    """After how many steps what was learned is kept."""
    score_steps: int = 1_000
    """After how many steps the pairs are judged."""
    seed: int = 1


class Run:
    """What a training works with."""

    def __init__(self, config: EmbedderConfig, faces: Faces, teacher: Teacher, run_dir: Path) -> None:
        self._config = config
        self._faces = faces
        file = run_dir / "lessons.npy" if config.views else None
        self.lessons = Lessons(teacher, file, faces=len(faces.pictures), views=config.views)
        self.student = Student(
            distill,
            [],
            input_px=config.input_px,
            width=config.width,
            dimension=teacher.dimension,
            seed=config.seed,
            steps=config.steps,
            learning_rate=config.learning_rate,
        )

    def batch(self, step: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Returns the chips and the lessons of a step."""
        config, count = self._config, len(self._faces.pictures)
        a_round = max(1, count // config.batch_size)
        turn, place = divmod(step, a_round)
        order = np.random.default_rng([config.seed, turn]).permutation(count)
        chosen = order[place * config.batch_size : (place + 1) * config.batch_size]
        view = turn % config.views if config.views else turn
        chips = views(
            self._faces.pictures, chosen, view, chip_px=CHIP_PX, seed=config.seed, blend_share=config.blend_share
        )
        return chips, self.lessons.vectors(view, chosen, chips)


def train_embedder(
    config: EmbedderConfig,
    faces: Faces,
    teacher: Teacher,
    run_dir: Path,
    *,
    pairs: Pairs | None,
    command: str,
    report: Report,
    resume: bool = False,
) -> Path:
    """Trains, or goes on training, and returns the file of weights, RUN_DIR/embedder.npz."""
    require_space(run_dir, space_needed(len(faces.pictures), config.views))
    claim(dataclasses.asdict(config), run_dir, resume=resume)
    run = Run(config, faces, teacher, run_dir)
    if not resume:
        run.student.begin_at(run.batch(0)[1].mean(axis=0))
    history = _train(config, run, run_dir, pairs, report)
    path = run_dir / "embedder.npz"
    write_embedder_weights(path, weights_of(run.student.average))
    data = {"pictures": len(faces.pictures), "people": len(set(faces.people)), "sha256": faces.sha256}
    write_record(path, config=dataclasses.asdict(config), command=command, data=data, history=history)
    return path


def _train(config: EmbedderConfig, run: Run, run_dir: Path, pairs: Pairs | None, report: Report) -> History:
    student = run.student
    done = tf.Variable(0, dtype=tf.int64)
    checkpoints = tf.train.CheckpointManager(
        tf.train.Checkpoint(network=student.network, average=student.average, optimizer=student.optimizer, done=done),
        str(run_dir / "checkpoints"),
        max_to_keep=2,
    )
    checkpoints.restore_or_initialize()
    history = History.load(run_dir / "history.json", before=int(done))
    writer = tf.summary.create_file_writer(str(run_dir / "tensorboard"))
    with writer.as_default():
        for step in range(int(done), config.steps):
            losses = student.step(tf.constant(step), *run.batch(step))
            last = step == config.steps - 1
            numbers = {}
            if step % _SUMMARY_STEPS == 0 or last:
                numbers = {name: float(loss) for name, loss in losses.items()}
                history.add(step, numbers)
            if pairs and ((step + 1) % config.score_steps == 0 or last):
                numbers["pairs"] = pairs.accuracy(lambda chips: student.vectors(chips).numpy())
                history.add_score(step, numbers["pairs"])
            for name, number in numbers.items():
                tf.summary.scalar(name, number, step)
            if numbers:
                report(step + 1, config.steps, numbers)
            if (step + 1) % config.checkpoint_steps == 0 or last:
                done.assign(step + 1)
                run.lessons.flush()
                history.save(run_dir / "history.json")
                checkpoints.save(step + 1)
    return history
