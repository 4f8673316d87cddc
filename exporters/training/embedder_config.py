"""What a training of the embedder does."""

import dataclasses
from typing import TYPE_CHECKING

from exporters.errors import TrainingError

if TYPE_CHECKING:
    from exporters.embedder_weights import Trained


@dataclasses.dataclass(frozen=True)
class EmbedderConfig:
    """Kept in the training's folder, and beside the weights."""

    objective: str = "distill"
    """`distill`, `triplet` or `arcface` (exporters/training/losses.py)."""
    backend: str = "tensorflow"
    """`tensorflow` (exporters/training/embedder_run.py) or `jax` (jax_run.py)."""
    width: float = 0.35
    """See `exporters.networks.inception_v3.model`."""
    crop_px: int = 150
    """Side of the middle of a chip, which is looked at; 150: all of it."""
    input_px: int = 75
    """Side of what the network is given; what is looked at is shrunk to it."""
    steps: int = 9_000
    batch_size: int = 64
    learning_rate: float = 1.5e-3
    views: int = 16
    """Different views of each face whose lessons are kept and come again; 0: every view is a new one."""
    blend_share: float = 0.5
    """Of views that are made of two faces."""
    seam_share: float = 0.0
    """Of these, in which one face is beside the other; the rest are means of two."""
    warp_px: float = 0.0
    """Standard deviation of how far the strongest warp moves a place in a view."""
    checkpoint_steps: int = 500
    """After how many steps what was learned is kept."""
    score_steps: int = 1_000
    """After how many steps the pairs are judged."""
    seed: int = 1
    start_sha256: str = ""
    """Checksum of the weights that it starts from; empty: random ones."""


def starting(config: EmbedderConfig, start: "Trained") -> EmbedderConfig:
    """Returns what a training does that starts from weights.

    Raises:
        TrainingError: They are of a wider network.
    """
    if start.width > config.width:
        raise TrainingError(
            f"the weights to start from are of width {start.width}, not of {config.width} or less: --width"
        )
    return dataclasses.replace(config, start_sha256=start.sha256)
