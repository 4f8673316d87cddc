"""`facegrid verify`: do two pictures show the same person?"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import facegrid
from facegrid.cli._access import connect
from facegrid.cli._asking import DETECT_OPTIONS, add_command, add_numbers, numbers
from facegrid.cli.usage import UsageError

if TYPE_CHECKING:
    from facegrid.answers.people import Verification

_DECISION = {
    "threshold": "greatest distance that counts as the same person; 0 to 10, default: the service's",
    "target_false_match_rate": "instead: share of pairs of strangers that may be taken for one person; 0.0001 to 0.5",
}

_DESCRIPTION = """\
Says whether two pictures show the same person, and how sure that is.

The false-match rate is the share of pairs of different people that are at most as far
apart as the threshold (docs/accuracy.md). Each picture needs one face; of several, choose
one by its position in the answer of `facegrid detect`, from 0.
With --json: {"same": ..., "distance": ..., "threshold": ..., "false_match_rate": ..., ...}
Exit code: 0 whatever the answer is, 1 when there is none, 2 for wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid verify passport.jpg selfie.jpg
  facegrid verify passport.jpg selfie.jpg --target-false-match-rate 0.001
  facegrid verify passport.jpg party.jpg --second-face 2
  facegrid verify a.jpg b.jpg --json | jq .same
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `verify`."""
    parser = add_command(subparsers, "verify", "compare the faces of two pictures", _DESCRIPTION, _EXAMPLES)
    parser.add_argument("first", type=Path, metavar="A", help="a picture")
    parser.add_argument("second", type=Path, metavar="B", help="another one")
    for which in ("first", "second"):
        parser.add_argument(f"--{which}-face", type=int, metavar="N", help=f"which face of the {which} picture")
    add_numbers(parser, _DECISION)
    add_numbers(parser, DETECT_OPTIONS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; returns 0.

    Raises:
        UsageError: two ways to draw the line.
        FacegridError: there is no answer.
        OSError: a picture cannot be read.
    """
    if args.threshold is not None and args.target_false_match_rate is not None:
        raise UsageError("--threshold and --target-false-match-rate exclude each other")
    options: Any = numbers(args, (*_DECISION, *DETECT_OPTIONS))
    with connect(args) as client:
        found = client.verify(
            facegrid.Portrait(args.first, args.first_face),
            facegrid.Portrait(args.second, args.second_face),
            timeout_s=args.timeout_s,
            **options,
        )
    _print(found, as_json=args.json)
    return 0


def _print(found: "Verification", *, as_json: bool) -> None:
    if as_json:
        from facegrid.cli._report import face_as_json, write_json  # noqa: PLC0415  (rich, for --help not needed)

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
        return
    rate = "" if found.false_match_rate is None else f" (false-match rate {found.false_match_rate:.2g})"
    verdict = "same person" if found.same else "different people"
    sys.stdout.write(f"{verdict}: distance {found.distance:.4f}, threshold {found.threshold:.4f}{rate}\n")
