"""An embedder that has learned nothing yet, as a training would leave it."""

import hashlib
import json

from exporters.networks import inception_v3
from exporters.weights.inception_v3 import weights_of, write_embedder


def untrained_embedder(path, *, width, input_px=75, crop_px=150):
    """Writes the weights and their record; returns PATH."""
    write_embedder(path, weights_of(inception_v3.model(input_px=input_px, width=width, seed=3)))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    record = {"weights_sha256": sha256, "config": {"width": width, "input_px": input_px, "crop_px": crop_px}}
    path.with_suffix(".json").write_text(json.dumps(record))
    return path
