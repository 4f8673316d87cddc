"""Cut aligned faces out of pictures of people, to train on.

Takes PICTURES/PERSON/PICTURE.jpg (or .jpeg, .png, .webp) and writes FACES/PERSON/PICTURE.png, which is what `facegrid
train embedder --data FACES` takes. A service finds the faces; the largest of each picture is cut out as the service
cuts faces for its embedder. Pictures without a face are counted and left out.

Exit code: 0 done, 1 the service failed, 2 wrong usage.

Examples:
  facegrid chips people faces
"""

import sys
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from exporters.signatures import EMBEDDER_VERSION, EMBEDDERS
from facegrid.answers.faces import DetectedItem, Face
from facegrid.cli.arguments import ConnectionArguments, DetectArguments, Window
from facegrid.cli.command import command
from facegrid.cli.output import error_texts, printable
from facegrid.cli.progress import counting_bar
from facegrid.cli.usage import UsageError
from facegrid.client.wire.images import encode_image
from facegrid.errors import FacegridError
from facegrid.media.picture_files import SUFFIXES
from orchestrator.pipeline.align import align
from orchestrator.pipeline.decode import ImageLimits, decode
from orchestrator.types import Chips


@command(__doc__)
def chips(
    *,
    pictures: Annotated[Path, typer.Argument(metavar="PICTURES", help="a folder with a folder for each person")],
    faces: Annotated[Path, typer.Argument(metavar="FACES", help="the folder to write")],
    connection: ConnectionArguments,
    finding: DetectArguments,
    window: Window = 8,
) -> int:
    """Writes the faces; returns 0.

    Raises:
        UsageError: There is no picture.
        FacegridError: The service cannot be reached, or the connection broke.
        OSError: A face cannot be written.
    """
    paths = sorted(path for path in pictures.glob("*/*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise UsageError(f"no picture ({', '.join(SUFFIXES)}) in {pictures}/PERSON/")
    with connection.connect() as client, counting_bar("chips", visible=sys.stderr.isatty()) as progress:
        items = client.detect_many(paths, window=window, **finding.options())
        written = _write(progress.track(items, total=len(paths)), faces)
    sys.stdout.write(f"{written} faces in {faces}; {len(paths) - written} pictures without a face or unreadable\n")
    return 0


def _write(items: Iterable[DetectedItem[Path]], folder: Path) -> int:
    """Writes the largest face of each picture; returns how many were written."""
    written = 0
    for item in items:
        path: Path = item.source
        try:
            found = item.require().faces
            if not found:
                continue
            chip = cut_chip(path, max(found, key=lambda face: face.box.width * face.box.height))
        except (FacegridError, OSError) as err:
            sys.stderr.write(f"facegrid: {printable(path)}: {error_texts(err)[1]}\n")
            continue
        target = folder / path.parent.name / f"{path.stem}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chip).save(target)
        written += 1
    return written


def cut_chip(path: Path, face: Face) -> Chips:
    """Returns a face of a picture as version 1 of the embedder takes it, uint8 [S, S, 3].

    Raises:
        InvalidImage: See `orchestrator.pipeline.decode.decode`.
        OSError: The file cannot be read.
    """
    data = encode_image(path)
    # The service has accepted it, whatever its limits are.
    limits = ImageLimits(max_image_bytes=len(data), max_image_px=2**31 - 1, max_image_side_px=2**31 - 1)
    contract = EMBEDDERS[EMBEDDER_VERSION]
    points = np.array([astuple(face.landmarks)], np.float32)
    chip: Chips = align(decode(data, limits), points, template=contract.template, chip_px=contract.chip_px)[0]
    return chip
