"""Embeds the face of each picture with our pipeline, in a process that may load all of TensorFlow.

python -m tests.accuracy.embed_faces MODELS_DIR OUT_FILE PICTURE...
"""

import sys
from pathlib import Path

from benchmarks.accuracy.embedders import in_process, most_central, write_vectors
from exporters.signatures import EMBEDDER_VERSION


def main(models_dir: Path, out: Path, pictures: list[Path]) -> None:
    with in_process(models_dir, EMBEDDER_VERSION) as embedder:
        write_vectors(out, {str(path): embedder.vector(path, most_central) for path in pictures})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
