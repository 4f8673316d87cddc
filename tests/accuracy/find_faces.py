"""Finds faces with the reference and with our pipeline, in a process that may load all of TensorFlow.

python -m tests.accuracy.find_faces MODELS_DIR OUT_DIR SAMPLES_DIR PICTURE...

Pictures of SAMPLES_DIR are looked at with red and blue swapped, too.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.accuracy.detection.detectors import MtcnnDetector, in_process, read_image
from benchmarks.accuracy.detection.stored_answers import write_answers


def main(models_dir: Path, out_dir: Path, samples: Path, pictures: list[Path]) -> None:
    reference = MtcnnDetector()
    write_answers(out_dir / "reference.npz", {str(path): reference.detect(path) for path in pictures})
    with in_process(models_dir) as ours:
        write_answers(out_dir / "ours.npz", {str(path): ours.detect(path) for path in pictures})
        swapped = {
            str(path): np.ascontiguousarray(read_image(path)[..., ::-1]) for path in pictures if path.parent == samples
        }
        write_answers(out_dir / "swapped.npz", {name: ours.detect_image(image) for name, image in swapped.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), [Path(name) for name in sys.argv[4:]])
