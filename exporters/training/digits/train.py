"""A training of the generator and the discriminator, from the digits to a file of weights, in its own folder.

    config.json  reader-*.keras  blends.npz  checkpoints/  tensorboard/  ->  gan.npz  gan.json

Each stage writes its result, and a training that was interrupted goes on after the last complete stage.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from exporters.atomic_file import replaced
from exporters.signatures import LABELS, NOISE_DIM
from exporters.training.digits.batches import DigitBatches
from exporters.training.digits.blends import PAIRS, Blends, make_blends
from exporters.training.digits.gan import Gan
from exporters.training.digits.mnist import Digits
from exporters.training.digits.readers import JURY, READERS, Reader, train_reader
from exporters.training.digits.spread import enough_spread, with_spread
from exporters.training.due import is_due, is_summary_due
from exporters.training.record import History, write_record
from exporters.training.run_dir import claim
from exporters.weights.gan import write_gan_weights

StageReport = Callable[[str, int, int, dict[str, float]], None]
"""Called with the stage, the amount done, the whole amount, and the last measurements by name."""

_PICTURE_STEPS = 500
_ROWS = 8


@dataclasses.dataclass(frozen=True)
class GanConfig:
    """The configuration of a training; kept in the record beside the weights."""

    epochs: int = 10
    """Passes over as many pictures as there are digits, before the last steps."""
    blend_epochs: int = 5
    """The same in the last steps, which are for blends."""
    batch_size: int = 64
    blend_share: float = 0.25
    """Share of blends in a batch."""
    last_blend_share: float = 0.4
    """Share of blends in a batch of the last steps."""
    blends_a_pair: int = 150
    reader_epochs: int = 3
    checkpoint_steps: int = 250
    """Steps between two checkpoints."""
    seed: int = 1

    def steps(self, digits: Digits) -> tuple[int, int]:
        """Returns the number of steps before the last ones, and of the last ones."""
        count = len(digits.images)
        return max(1, self.epochs * count // self.batch_size), self.blend_epochs * count // self.batch_size


@dataclasses.dataclass(frozen=True)
class _Made:
    """The results of the first two stages."""

    readers: dict[str, Reader]
    blends: Blends


def train_gan(
    config: GanConfig, digits: Digits, run_dir: Path, *, command: str, report: StageReport, resume: bool = False
) -> Path:
    """Trains, or goes on training, and returns the file of weights, RUN_DIR/gan.npz.

    Args:
        config: The configuration.
        digits: The digits to train with.
        run_dir: Folder of the training; it must not hold another one, unless that is resumed.
        command: The command line, for the record.
        report: Called with the progress.
        resume: Whether to go on with the training in `run_dir`.

    Raises:
        TrainingError: The folder holds a training already, or none of this configuration.
        OSError: The folder cannot be written.
    """
    claim(dataclasses.asdict(config), run_dir, resume=resume)
    readers = _readers(config, digits, run_dir, report)
    blends = _blends(config, digits, readers, run_dir, report)
    gan, history = _train(config, digits, _Made(readers, blends), run_dir, report)
    generator, discriminator = gan.weights()
    spread = enough_spread(lambda noise, labels: gan.sample(noise, labels).numpy(), digits, seed=config.seed)
    path = run_dir / "gan.npz"
    write_gan_weights(path, with_spread(generator, spread), discriminator)
    settings = {**dataclasses.asdict(config), "spread": spread}
    write_record(path, config=settings, command=command, data=digits.as_json(), history=history)
    return path


def _readers(config: GanConfig, digits: Digits, run_dir: Path, report: StageReport) -> dict[str, Reader]:
    names = (*READERS, *JURY)
    files = {name: run_dir / f"reader-{name}.keras" for name in names}
    done = config.reader_epochs * sum(file.exists() for file in files.values())

    def on_epoch(accuracy: float) -> None:
        nonlocal done
        done += 1
        report("readers", done, len(names) * config.reader_epochs, {"accuracy": accuracy})

    for name, file in files.items():
        if not file.exists():
            reader = train_reader(name, digits, seed=config.seed, epochs=config.reader_epochs, on_epoch=on_epoch)
            with replaced(file, durable=False) as draft:
                reader.save(draft)
    readers = {name: keras.models.load_model(file, compile=False) for name, file in files.items()}
    for reader in readers.values():
        reader.trainable = False
    return readers


def _blends(
    config: GanConfig, digits: Digits, readers: dict[str, Reader], run_dir: Path, report: StageReport
) -> Blends:
    file = run_dir / "blends.npz"
    if not file.exists():
        done: list[float] = []

        def on_pair(undecided: float) -> None:
            done.append(undecided)
            report("blends", len(done), len(PAIRS), {"undecided": float(np.mean(done))})

        report("blends", 0, len(PAIRS), {})
        first = [readers[name] for name in READERS]
        blends = make_blends(digits, first, seed=config.seed, pair_count=config.blends_a_pair, on_pair=on_pair)
        with replaced(file, durable=False) as draft:
            np.savez_compressed(draft, **{one.name: getattr(blends, one.name) for one in dataclasses.fields(blends)})
    with np.load(file) as arrays:
        return Blends(**arrays)


def _train(config: GanConfig, digits: Digits, made: _Made, run_dir: Path, report: StageReport) -> tuple[Gan, History]:
    first_steps, blend_steps = config.steps(digits)
    steps = first_steps + blend_steps
    readers, jury = ([made.readers[name] for name in names] for names in (READERS, JURY))
    gan = Gan(readers, jury, seed=config.seed, steps=first_steps, blend_steps=blend_steps)
    first, last = (
        DigitBatches(digits, made.blends, seed=config.seed, batch_size=config.batch_size, blend_share=share)
        for share in (config.blend_share, config.last_blend_share)
    )
    done = tf.Variable(0, dtype=tf.int64)
    checkpoints = tf.train.CheckpointManager(
        tf.train.Checkpoint(gan=gan, done=done), str(run_dir / "checkpoints"), max_to_keep=2
    )
    checkpoints.restore_or_initialize()
    history = History.load(run_dir / "history.json", before=int(done))
    writer = tf.summary.create_file_writer(str(run_dir / "tensorboard"))
    with writer.as_default():
        for step in range(int(done), steps):
            data, do = (first, gan.step) if step < first_steps else (last, gan.blend_step)
            batch = data.batch(step)
            losses = do(tf.constant(step), batch.light, batch.labels)
            if is_summary_due(step, steps):
                numbers = {name: float(loss) for name, loss in losses.items()}
                history.add(step, numbers)
                for name, number in numbers.items():
                    tf.summary.scalar(f"loss/{name}", number, step)
                report("gan", step + 1, steps, numbers)
            if step % _PICTURE_STEPS == 0 or step == steps - 1:
                tf.summary.image("samples", _grid(gan, config.seed), step)
            if is_due(step, config.checkpoint_steps, steps):
                done.assign(step + 1)
                history.save(run_dir / "history.json")
                checkpoints.save(step + 1)
    return gan, history


def _grid(gan: Gan, seed: int) -> Any:
    """Returns each digit, and each blended with the next, as one picture [1, H, W, 1] from 0 to 1."""
    digits = np.eye(LABELS, dtype=np.float32)
    labels = np.concatenate([digits, (digits + np.roll(digits, 1, axis=1)) / 2])
    noise = tf.random.stateless_normal([_ROWS, NOISE_DIM], [seed, -1])
    rows = [gan.sample(tf.repeat(one[None], len(labels), axis=0), labels) for one in noise]
    grid = tf.concat([tf.concat(tf.unstack(row), axis=1) for row in rows], axis=0)
    return (grid[None] + 1) / 2
