r"""Find the faces of pictures.

The service is asked about every picture; folders are searched for .jpg, .jpeg, .png and .webp. The result is a table in
the order of the files, or with --json one line for each file in the order of completion:

  {"file": ..., "width": ..., "height": ..., "faces": [
    {"box": [x_min, y_min, x_max, y_max], "score": ...,
     "landmarks": {"left_eye": [x, y], ...}}]}
  {"file": ..., "error": {"reason": "INVALID_IMAGE", "message": ...}}

Positions are pixels of the upright picture; left and right are the viewer's.

Exit code: 0 when every file was answered, 1 when one failed, 2 for wrong usage.

Examples:
  facegrid detect photo.jpg
  facegrid detect holiday/ --draw out/
  facegrid detect holiday/ --json \
    | jq 'select(.faces | length > 1) | .file'
  facegrid detect crowd.jpg --min-face-px 12 --target faces.example.org:9000
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from facegrid.answers.faces import Detection, Face
from facegrid.cli.arguments import DetectArguments, Pictures, ServiceArguments, Window
from facegrid.cli.command import command
from facegrid.cli.output import face_as_json
from facegrid.cli.pictures import ResultView, run_pictures


@command(__doc__)
def detect(
    *,
    pictures: Pictures,
    service: ServiceArguments,
    finding: DetectArguments,
    draw: Annotated[
        Path | None, typer.Option(metavar="DIR", help="write a copy of each picture with its faces drawn in")
    ] = None,
    window: Window = 8,
) -> int:
    """Runs the command; see `run_pictures`."""
    with service.connect() as client:
        return run_pictures(
            "detect",
            pictures,
            ResultView(_as_json, ("faces", "size", "best score"), _row, _count, _drawn),
            lambda paths: client.detect_many(paths, window=window, timeout_s=service.timeout_s, **finding.options()),
            as_json=service.json,
            draw=draw,
        )


def _count(found: Detection) -> int:
    return len(found.faces)


def _drawn(found: Detection) -> tuple[list[Face], None]:
    return found.faces, None


def _as_json(found: Detection) -> dict[str, Any]:
    return {
        "width": found.image_width_px,
        "height": found.image_height_px,
        "faces": [face_as_json(face) for face in found.faces],
        **({"warnings": found.warnings} if found.warnings else {}),
        **({"warnings": found.warnings} if found.warnings else {}),
    }


def _row(found: Detection) -> list[str]:
    best = f"{found.faces[0].score:.4f}" if found.faces else "-"
    return [str(len(found.faces)), f"{found.image_width_px}x{found.image_height_px}", best]
