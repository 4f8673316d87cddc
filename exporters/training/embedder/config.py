"""What a training of the embedder does."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class EmbedderConfig:
    """Kept in the training's folder, and beside the weights."""

    objective: str = "distill"
    """`distill`, `triplet` or `arcface` (exporters/training/embedder/on_tensorflow/losses.py)."""
    backend: str = "tensorflow"
    """`tensorflow` (exporters/training/embedder/on_tensorflow/train.py) or `jax` (jax_run.py)."""
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
