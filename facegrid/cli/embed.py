"""`facegrid embed`: the faces of files and folders as vectors."""

import argparse
from typing import TYPE_CHECKING, Any

from facegrid.cli._access import connect
from facegrid.cli._asking import DETECT_OPTIONS, Form, add_command, add_numbers, add_pictures, numbers, run_pictures

if TYPE_CHECKING:
    from facegrid.answers.people import Embedding

_DESCRIPTION = """\
Turns the faces of pictures into vectors: near vectors are likely the same person.

The result is a table, or with --json one line for each file, which has the vectors:
  {"file": ..., "faces": [{"box": ..., "score": ..., "landmarks": ..., "vector": [...],
   "model": "dlib_resnet", "version": 1, "metric": "euclidean, raw"}]}
Compare vectors of the same model and version only, by their Euclidean distance; "raw"
vectors are not scaled to length 1.
Exit code: 0 when every file was answered, 1 when one failed, 2 for wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid embed photo.jpg --json | jq '.faces[0].vector'
  facegrid embed holiday/ --json > holiday.jsonl
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `embed`."""
    parser = add_command(subparsers, "embed", "turn the faces of pictures into vectors", _DESCRIPTION, _EXAMPLES)
    add_pictures(parser, draw=None)
    add_numbers(parser, DETECT_OPTIONS)
    parser.set_defaults(run=run, command="embed")


def run(args: argparse.Namespace) -> int:
    """Runs the command; see `run_pictures`."""
    options: Any = numbers(args, DETECT_OPTIONS)
    with connect(args) as client:
        return run_pictures(
            args,
            Form(_as_json, ("faces", "embedder"), _row),
            lambda pictures: client.embed_many(pictures, window=args.window, timeout_s=args.timeout_s, **options),
        )


def _as_json(found: "list[Embedding]") -> dict[str, Any]:
    from facegrid.cli._report import face_as_json  # noqa: PLC0415  (rich, for --help not needed)

    faces = [
        {
            **face_as_json(one.face),
            "vector": one.vector.tolist(),
            "model": one.model,
            "version": one.version,
            "metric": one.embedder.metric,
        }
        for one in found
    ]
    return {"faces": faces}


def _row(found: "list[Embedding]") -> list[str]:
    return [str(len(found)), f"{found[0].model} {found[0].version}" if found else "-"]
