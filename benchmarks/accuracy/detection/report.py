"""The tables of docs/accuracy.md, in Markdown."""

from collections.abc import Mapping, Sequence

from benchmarks.accuracy.detection.agreement import (
    MAX_LANDMARK_ERROR,
    MIN_IOU,
    MIN_SCORE,
    FaceDifference,
    count_sure,
    share,
)
from benchmarks.accuracy.detection.dataset import LANDMARKED, SCORED, EvaluationPicture
from benchmarks.accuracy.detection.detectors import above, whole_pixels
from benchmarks.accuracy.detection.scores import score_boxes, score_points, without_small
from orchestrator.types import Detections

Answers = Mapping[str, Detections]
"""The faces by the picture's name."""


def agreement_lines(reference: Answers, differing: Sequence[FaceDifference]) -> list[str]:
    """Returns how many of the reference's faces are found, and a table of those that are not."""
    faces = count_sure(reference.values())
    same = faces - len(differing)
    summary = (
        f"{same} of {faces} faces of mtcnn with a score of at least {MIN_SCORE} in {len(reference)} pictures found "
        f"({share(same, faces):.2%}), with IoU >= {MIN_IOU} and landmarks within {MAX_LANDMARK_ERROR:.0%} of the "
        "eye distance."
    )
    lines = [summary]
    if differing:
        lines += ["", "| picture | box of mtcnn | its score | IoU | landmarks apart |", "|---|---|---|---|---|"]
    for face in differing:
        box = ", ".join(f"{edge:.0f}" for edge in face.box)
        lines.append(f"| {face.picture} | {box} | {face.score:.4f} | {face.iou:.2f} | {face.landmark_error:.1%} |")
    return lines


def score_lines(
    pictures: Sequence[EvaluationPicture], columns: Mapping[str, Answers], *, threshold: float, rounded: bool
) -> list[str]:
    """Returns a table of the scored sets, with a column for each detector.

    Args:
        pictures: All pictures.
        columns: The answers by the detector's name.
        threshold: Least score of a face.
        rounded: Positions are rounded to whole pixels first.
    """
    title = f"onet threshold {threshold:g}" + (", positions rounded to whole pixels" if rounded else "")
    lines = [f"| {title} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name in (*SCORED, LANDMARKED):
        of_set = [picture for picture in pictures if picture.set_name == name]
        if of_set:
            cells = [_cell(name, of_set, _final(of_set, answers, threshold, rounded)) for answers in columns.values()]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def dropped_lines(answers: Answers) -> list[str]:
    """Returns a line for each picture in which the bound on candidates was reached."""
    return [
        f"{name}: {faces.dropped_candidates} proposals beyond the bound were not looked at."
        for name, faces in answers.items()
        if faces.dropped_candidates
    ]


def _final(
    pictures: Sequence[EvaluationPicture], answers: Answers, threshold: float, rounded: bool
) -> list[Detections]:
    faces = [above(answers[picture.name], threshold) for picture in pictures]
    return [whole_pixels(some) for some in faces] if rounded else faces


def _cell(name: str, pictures: Sequence[EvaluationPicture], faces: Sequence[Detections]) -> str:
    if name == LANDMARKED:
        points = score_points(pictures, faces)
        return f"error {points.mean_error:.4f}, {points.missed} of {points.faces} missed"
    boxes = score_boxes(pictures, faces)
    parts = [f"{boxes.found} of {boxes.marked}"] if boxes.marked else []
    if any(picture.complete for picture in pictures):
        parts.append(f"{boxes.false} false")
    if name.startswith("wider"):
        large = score_boxes([without_small(picture) for picture in pictures], faces)
        parts += [f"AP {boxes.average_precision:.3f}", f"of at least 20 px {large.found} of {large.marked}"]
    return ", ".join(parts)
