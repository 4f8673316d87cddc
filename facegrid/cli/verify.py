"""Compare the faces of two pictures.

Says whether they show the same person, and how sure that is. The false-match rate is the share of pairs of different
people that are at most as far apart as the threshold (docs/accuracy.md). Each picture needs one face; of several,
choose one by its position in the answer of `facegrid detect`, from 0. With --json one object:

  {"same": ..., "distance": ..., "threshold": ..., "false_match_rate": ..., ...}

Exit code: 0 whatever the answer is, 1 when there is none, 2 for wrong usage.

Examples:
  facegrid verify passport.jpg selfie.jpg
  facegrid verify passport.jpg selfie.jpg --target-false-match-rate 0.001
  facegrid verify passport.jpg party.jpg --second-face 2
  facegrid verify a.jpg b.jpg --json | jq .same
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from facegrid.answers.people import Portrait, Verification
from facegrid.cli.arguments import DetectArguments, ServiceArguments, refuse_both
from facegrid.cli.command import command
from facegrid.cli.output import face_as_json, write_json


@command(__doc__)
def verify(
    *,
    first: Annotated[Path, typer.Argument(metavar="A", help="a picture")],
    second: Annotated[Path, typer.Argument(metavar="B", help="another one")],
    service: ServiceArguments,
    finding: DetectArguments,
    first_face: Annotated[int | None, typer.Option(metavar="N", help="which face of the first picture")] = None,
    second_face: Annotated[int | None, typer.Option(metavar="N", help="which face of the second picture")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="greatest distance that counts as the same person; 0 to 10, default: the service's"
        ),
    ] = None,
    target_false_match_rate: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="instead: share of pairs of strangers that may be taken for one person; 0.0001 to 0.5"
        ),
    ] = None,
) -> int:
    """Runs the command; returns 0.

    Raises:
        UsageError: Two ways to draw the line.
        FacegridError: There is no answer.
        OSError: A picture cannot be read.
    """
    refuse_both("--threshold", threshold, "--target-false-match-rate", target_false_match_rate)
    with service.connect() as client:
        found = client.verify(
            Portrait(first, first_face),
            Portrait(second, second_face),
            timeout_s=service.timeout_s,
            threshold=threshold,
            target_false_match_rate=target_false_match_rate,
            **finding.options(),
        )
    if service.json:
        _write_json(found)
    else:
        _write_sentence(found)
    return 0


def _write_json(found: Verification) -> None:
    write_json(
        {
            "same": found.same,
            "distance": found.distance,
            "threshold": found.threshold,
            "false_match_rate": found.false_match_rate,
            "metric": found.embedder.metric,
            "model": found.embedder.name,
            "version": found.embedder.version,
            "first_face": face_as_json(found.first_face),
            "second_face": face_as_json(found.second_face),
        }
    )


def _write_sentence(found: Verification) -> None:
    rate = "" if found.false_match_rate is None else f" (false-match rate {found.false_match_rate:.2g})"
    verdict = "same person" if found.same else "different people"
    sys.stdout.write(f"{verdict}: distance {found.distance:.4f}, threshold {found.threshold:.4f}{rate}\n")
