"""A training by distillation that runs on an accelerator from the pictures on: views, teacher and network, on JAX.

    config.json  state.npz  history.json  ->  embedder.npz  embedder.json

What `embedder_run.py` does, but that every view is a new one, of which the teacher is asked: here that costs no more
than keeping what it said. The teacher is version 1, from its file of weights, and TensorFlow is not needed. Training
that was interrupted goes on after the last state, and ends on a processor as if it had not been; on a GPU, where sums
are not always done in the same order, nearly so.
"""

import dataclasses
from pathlib import Path

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from exporters.dlib_weights import read_dlib
from exporters.embedder_weights import Trained, write_embedder
from exporters.errors import TrainingError
from exporters.networks.dlib_resnet_layers import LAYERS
from exporters.training.embedder_config import EmbedderConfig, starting
from exporters.training.faces import Faces
from exporters.training.jax_student import JaxStudent
from exporters.training.pairs import Pairs
from exporters.training.record import History, Report, write_record
from exporters.training.run_dir import claim, require_space
from exporters.training.widening import widened

_SUMMARY_STEPS = 25
_PARAMETER_BYTES = 4 * 4 * 2
"""Of a parameter in two files of states: the network's, the average's, and two moments of the optimizer."""
_PARAMETERS = 22e6
"""At width 1."""


def train_on_jax(
    config: EmbedderConfig,
    faces: Faces,
    run_dir: Path,
    *,
    pairs: Pairs | None = None,
    start: Trained | None = None,
    command: str,
    report: Report,
    resume: bool = False,
) -> Path:
    """Trains, or goes on training, and returns the file of weights, RUN_DIR/embedder.npz.

    Args:
        config: What to do; its objective is `distill`, its views 0.
        faces: To train with; they have to fit into the accelerator's memory.
        run_dir: Where everything is kept; must not hold another training unless it is resumed.
        pairs: To watch it by.
        start: Weights to start from, in place of random ones; of the same width or a smaller one.
        command: What was typed, for the record.
        report: Is told how far it is.
        resume: Go on with the training in `run_dir`.

    Raises:
        TrainingError: Keras was loaded with another backend; there are too few faces, or there is too little room on
            the disk; the weights to start from are of a wider network; the folder holds a training already, or none
            of this configuration.
        WeightsError: The teacher's weights are absent.
        OSError: The folder cannot be written.
    """
    if keras.backend.backend() != "jax":
        raise TrainingError(f"Keras runs on {keras.backend.backend()}: set KERAS_BACKEND=jax")
    if len(faces.pictures) < config.batch_size:
        raise TrainingError(f"{len(faces.pictures)} pictures are less than a batch: {config.batch_size}")
    require_space(run_dir, round(config.width**2 * _PARAMETERS * _PARAMETER_BYTES))
    if start:
        config = starting(config, start)
    teacher = read_dlib(LAYERS)
    claim(dataclasses.asdict(config), run_dir, resume=resume)
    student = JaxStudent(config, teacher, faces.pictures)
    done = _restored(student, run_dir)
    if not done:
        student.aim(_faces_of(faces, 0, config))
        if start:
            student.start_from(widened(start.weights, width=config.width, seed=config.seed))
    history = History.load(run_dir / "history.json", before=done)
    for step in range(done, config.steps):
        losses = student.step(step, _faces_of(faces, step, config))
        numbers = {}
        if step % _SUMMARY_STEPS == 0 or step == config.steps - 1:
            numbers = {name: float(loss) for name, loss in losses.items()}
            history.add(step, numbers)
        if pairs and _due(step, config.score_steps, config.steps):
            numbers["pairs"] = pairs.accuracy(student.vectors)
            history.add_score(step, numbers["pairs"])
        if numbers:
            report(step + 1, config.steps, numbers)
        if _due(step, config.checkpoint_steps, config.steps):
            history.save(run_dir / "history.json")
            _keep(student, run_dir, step + 1)
    path = run_dir / "embedder.npz"
    write_embedder(path, student.weights())
    write_record(
        path,
        config=dataclasses.asdict(config),
        command=command,
        data=faces.as_json(),
        history=history,
        packages=("jax", "keras", "numpy"),
        accelerator=jax.devices()[0].device_kind,
        **({"start": start.record} if start else {}),
    )
    return path


def _faces_of(faces: Faces, step: int, config: EmbedderConfig) -> NDArray[np.intp]:
    return faces.in_turn(step, batch_size=config.batch_size, seed=config.seed)[1]


def _due(step: int, every: int, steps: int) -> bool:
    return (step + 1) % every == 0 or step == steps - 1


def _keep(student: JaxStudent, run_dir: Path, done: int) -> None:
    """Writes the state in one step, so that a kill leaves the one before."""
    draft = run_dir / "state.part.npz"
    np.savez(draft, *map(np.asarray, jax.tree.leaves(student.state)), done=done)
    draft.replace(run_dir / "state.npz")


def _restored(student: JaxStudent, run_dir: Path) -> int:
    """Gives the network the state in a folder, if there is one; returns how many steps are done."""
    file = run_dir / "state.npz"
    if not file.exists():
        return 0
    with np.load(file) as kept:
        leaves, structure = jax.tree.flatten(student.state)
        arrays = [jax.device_put(kept[f"arr_{number}"]) for number in range(len(leaves))]
        student.state = jax.tree.unflatten(structure, arrays)
        return int(kept["done"])
