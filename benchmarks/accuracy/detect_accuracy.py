"""Are the faces those of the `mtcnn` package, and how good are they?

Runs the package and our pipeline over the evaluation pictures. Prints in Markdown how many of the package's faces we
find, where the two differ, and how many of the faces marked by people both find. The networks run in this process,
unless --target names a running service, which must give the same faces.

    python -m benchmarks.accuracy.detect_accuracy                                   # about seven minutes on two cores
    python -m benchmarks.accuracy.detect_accuracy --set helen --reference-file /tmp/mtcnn.npz
    python -m benchmarks.accuracy.detect_accuracy --target 127.0.0.1:9000
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.detection.agreement import differences
from benchmarks.accuracy.detection.dataset import LANDMARKED, SCORED, EvaluationPicture, find_pictures
from benchmarks.accuracy.detection.detectors import ONET_THRESHOLD, EvaluatedDetector, MtcnnDetector, in_process, served
from benchmarks.accuracy.detection.report import Answers, agreement_lines, dropped_lines, score_lines
from benchmarks.accuracy.detection.stored_answers import read_answers, write_answers
from benchmarks.common.machine import conditions
from benchmarks.common.paths import add_data_option
from orchestrator.types import Detections

_REFERENCE_THRESHOLD = 0.8
"""The package's own default; the paper's, and ours, is `ONET_THRESHOLD`."""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.detect_accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_option(parser)
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--target", help="HOST:PORT of a running service to ask instead")
    parser.add_argument(
        "--set", action="append", default=[], choices=(*SCORED, LANDMARKED), help="only this set; may be repeated"
    )
    parser.add_argument(
        "--reference-file", type=Path, help="file to keep the package's answers in, and to take them from next time"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the tables; returns 2 if there are no pictures."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    pictures = find_pictures(args.data, args.set)
    if not pictures:
        print(f"no evaluation pictures in {args.data}", file=sys.stderr)
        return 2
    reference = _reference_answers(pictures, args.reference_file)
    with served(args.target) if args.target else in_process(args.models_dir) as detector:
        found = _ask(detector, pictures, "served" if args.target else "in process")
    _print(pictures, reference, found)
    return 0


def _reference_answers(pictures: list[EvaluationPicture], file: Path | None) -> dict[str, Detections]:
    known = read_answers(file) if file else {}
    missing = [picture for picture in pictures if picture.name not in known]
    if missing:
        known |= _ask(MtcnnDetector(), missing, "mtcnn")
        if file:
            write_answers(file, known)
    return {picture.name: known[picture.name] for picture in pictures}


def _ask(detector: EvaluatedDetector, pictures: list[EvaluationPicture], title: str) -> dict[str, Detections]:
    console = Console(stderr=True)
    return {p.name: detector.detect(p.path) for p in track(pictures, description=title, console=console)}


def _print(pictures: list[EvaluationPicture], reference: Answers, found: Answers) -> None:
    differing = [face for name in reference for face in differences(name, reference[name], found[name])]
    blocks = [
        agreement_lines(reference, differing),
        *(
            score_lines(pictures, {"ours": found, "mtcnn": reference}, threshold=threshold, rounded=rounded)
            for threshold, rounded in (
                (_REFERENCE_THRESHOLD, True),
                (_REFERENCE_THRESHOLD, False),
                (ONET_THRESHOLD, False),
            )
        ),
        dropped_lines(found),
        [conditions("mtcnn", "tensorflow", "opencv-python-headless", "numpy", "pillow")],
    ]
    print("\n\n".join("\n".join(block) for block in blocks if block))


if __name__ == "__main__":
    sys.exit(main())
