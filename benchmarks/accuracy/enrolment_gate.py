"""Which faces does the quality gate of Enroll refuse, and how well are turned faces recognised?

Runs every picture of LFW View 2, folds 0 to 2 (the face nearest to the centre), and of the set `identify` (the largest
face) through the pipeline in process. Prints how many the defaults refuse, and why. For LFW it prints the rates of both
errors at the default threshold of Verify, by the yaw of the more turned face of a pair.

    python -m benchmarks.accuracy.enrolment_gate                                    # about four minutes on two cores
"""

import argparse
import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.detection.detectors import read_image
from benchmarks.accuracy.recognition.embedders import Choose, Vector, largest, most_central
from benchmarks.accuracy.recognition.people import lfw_person, read_pairs, read_portraits
from benchmarks.common.in_process import InProcessPredictor
from benchmarks.common.machine import conditions
from benchmarks.common.paths import add_data_option
from exporters.signatures import EMBEDDER_VERSION
from facegrid.errors import UnusableFace
from orchestrator.api.quality import QualityGate
from orchestrator.deadline import Deadline
from orchestrator.pipeline.cascade import detect
from orchestrator.pipeline.pose import yaw_degrees
from orchestrator.pipeline.recognize import recognize_faces
from orchestrator.pipeline.thresholds import VERIFY_FALSE_MATCH_RATE, threshold_of
from orchestrator.settings import Settings
from orchestrator.types import DetectOptions

_TIMEOUT_S = 600.0
_BANDS = (0, 10, 20, 30, 40, 50, 90)
"""Degrees."""


@dataclass(frozen=True)
class GatedFace:
    """The chosen face of a picture, and the gate's decision."""

    vector: Vector
    yaw: float
    refusal: str
    """The reason of the refusal; empty if the gate accepts the face."""


async def look(path: Path, choose: Choose, predictor: InProcessPredictor) -> GatedFace | None:
    """Returns the chosen face of a picture, or None if it has no face."""
    image, deadline = read_image(path), Deadline(_TIMEOUT_S)
    faces = await detect(image, DetectOptions(), predictor, max_candidates=Settings.max_candidates, deadline=deadline)
    if not len(faces):
        return None
    meant = faces.take(np.array([choose(faces.boxes, image.shape[1], image.shape[0])]))
    found = await recognize_faces(image, meant, predictor, version=EMBEDDER_VERSION, deadline=deadline)
    try:
        QualityGate().check(meant)
        refusal = ""
    except UnusableFace as err:
        refusal = err.reason
    return GatedFace(found.embeddings.vectors[0], float(yaw_degrees(meant.landmarks)[0]), refusal)


async def look_at_all(files: dict[str, Choose], data_dir: Path, models_dir: Path) -> dict[str, GatedFace]:
    """Returns the chosen faces by file; pictures without a face are left out."""
    predictor = InProcessPredictor(models_dir)
    await predictor.start()
    found: dict[str, GatedFace] = {}
    for name in track(files, description="looking", console=Console(stderr=True)):
        seen = await look(data_dir / name, files[name], predictor)
        if seen is not None:
            found[name] = seen
    await predictor.close()
    return found


def refusal_lines(found: dict[str, GatedFace], files: dict[str, Choose]) -> list[str]:
    """Returns a table of the refusals."""
    lines = ["| set | pictures | no face | FACE_TOO_SMALL | LOW_SCORE | FACE_TURNED |", "|---|---|---|---|---|---|"]
    for name in ("lfw_pairs", "identify"):
        inside = [file for file in files if file.startswith(name)]
        why = Counter(found[file].refusal for file in inside if file in found)
        counts = [len(inside), sum(file not in found for file in inside)]
        counts += [why[reason] for reason in ("FACE_TOO_SMALL", "LOW_SCORE", "FACE_TURNED")]
        lines.append(f"| {name} | {' | '.join(map(str, counts))} |")
    return lines


def yaw_lines(found: dict[str, GatedFace]) -> list[str]:
    """Returns a table of both errors by how far the more turned face of a pair is turned."""
    lfw = {file: seen for file, seen in found.items() if file.startswith("lfw_pairs")}
    names = np.array([lfw_person(file) for file in lfw])
    vectors = np.array([seen.vector for seen in lfw.values()])
    yaws = np.array([seen.yaw for seen in lfw.values()])
    threshold = threshold_of(VERIFY_FALSE_MATCH_RATE, EMBEDDER_VERSION)
    pairs = np.zeros((len(_BANDS) - 1, 2, 2), np.int64)  # [band, same person, within]
    for index in range(len(vectors) - 1):
        within = np.linalg.norm(vectors[index + 1 :] - vectors[index], axis=1) <= threshold
        same = names[index + 1 :] == names[index]
        band = np.digitize(np.maximum(yaws[index + 1 :], yaws[index]), _BANDS[1:-1])
        np.add.at(pairs, (band, same.astype(int), within.astype(int)), 1)
    lines = [
        "| degrees | pairs of different people | taken for one | pairs of one person | taken for two |",
        "|---|---|---|---|---|",
    ]
    for low, high, ((far, near), (missed, met)) in zip(_BANDS, _BANDS[1:], pairs.tolist(), strict=False):
        false_match, false_non_match = near / max(far + near, 1), missed / max(missed + met, 1)
        lines.append(
            f"| {low} to {high} | {far + near:,} | {100 * false_match:.2f} % | {missed + met:,} "
            f"| {100 * false_non_match:.1f} % |"
        )
    return lines


def main() -> None:
    """Prints both tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_option(parser)
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    files: dict[str, Choose] = {}
    for pair in read_pairs(args.data):
        files |= dict.fromkeys((pair.first, pair.second), most_central)
    files |= {portrait.file: largest for portrait in read_portraits(args.data)}
    found = asyncio.run(look_at_all(files, args.data, args.models_dir))
    blocks = [refusal_lines(found, files), yaw_lines(found), [conditions("tensorflow", "numpy")]]
    print("\n\n".join("\n".join(block) for block in blocks))


if __name__ == "__main__":
    main()
