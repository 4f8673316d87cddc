"""Embeds the face of each picture with our pipeline, in a process that may load all of TensorFlow.

python -m tests.accuracy.embed_faces MODELS_DIR OUT_DIR PICTURE...

Writes OUT_DIR/VERSION.npz for every version of the embedder; each face is found and cut out once, for all versions.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.accuracy.recognition.embedders import in_process, most_central, write_vectors
from exporters.saved_model.graph import loaded
from exporters.signatures import EMBEDDER_VERSION, EMBEDDERS, SERVING_DEFAULT


def main(models_dir: Path, out_dir: Path, pictures: list[Path]) -> None:
    with in_process(models_dir, EMBEDDER_VERSION) as embedder:
        chips = {str(path): embedder.chip(path, most_central) for path in pictures}
    found = {name: chip for name, chip in chips.items() if chip is not None}
    for version in EMBEDDERS:
        with loaded(models_dir / "embedder" / str(version)) as network:
            vectors = network.run(SERVING_DEFAULT, {"chips": np.array(list(found.values()))})["embeddings"]
        by_name = dict(zip(found, vectors, strict=True))
        write_vectors(out_dir / f"{version}.npz", {name: by_name.get(name) for name in chips})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
