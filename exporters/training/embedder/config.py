"""The configuration of a training of the embedder."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class EmbedderConfig:
    """Kept in the training's folder and in the record beside the weights."""

    objective: str = "distill"
    """`distill`, `triplet` or `arcface` (exporters/training/embedder/on_tensorflow/losses.py)."""
    backend: str = "tensorflow"
    """`tensorflow` (exporters/training/embedder/on_tensorflow/train.py) or `jax`
    (exporters/training/embedder/on_jax/train.py)."""
    width: float = 0.35
    """See `exporters.networks.inception_v3.model`."""
    crop_px: int = 150
    """Side of the middle of a chip, which the network looks at; 150: the whole chip."""
    input_px: int = 75
    """Side of the network's input; the middle is shrunk to it."""
    steps: int = 9_000
    batch_size: int = 64
    learning_rate: float = 1.5e-3
    views: int = 16
    """Different views of each face, used in turn, for which the teacher's vectors are kept; 0: every view is new."""
    blend_share: float = 0.5
    """Share of the views that are made of two faces."""
    seam_share: float = 0.0
    """Share of those that have one face beside the other; the rest are means of two."""
    warp_px: float = 0.0
    """Standard deviation of the distance by which the strongest warp moves a place in a view."""
    checkpoint_steps: int = 500
    """Steps between two saved states."""
    score_steps: int = 1_000
    """Steps between two measurements on the pairs."""
    seed: int = 1
    start_sha256: str = ""
    """Checksum of the weights that the training starts from; empty: random weights."""
