"""`facegrid subjects`: who is in the gallery, and who shall be no more."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from facegrid.cli._access import connect
from facegrid.cli._asking import add_command
from facegrid.cli.usage import UsageError

if TYPE_CHECKING:
    import facegrid
    from facegrid.answers.gallery import GalleryFace, Subject

_DESCRIPTION = """\
Shows the people of the gallery, and forgets them.

Deleting a person removes all faces, vectors and aligned pictures of the same, also from
the files on disk, and says what was erased; it cannot be undone.
Exit code: 0 done, 1 failed or no such person, 2 wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid subjects list
  facegrid subjects list --json | jq -r .subject
  facegrid subjects show "Grace Hopper"
  facegrid subjects delete "Grace Hopper"
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `subjects`."""
    parser = add_command(subparsers, "subjects", "list, show and delete enrolled people", _DESCRIPTION, _EXAMPLES)
    parser.add_argument("action", choices=("list", "show", "delete"), help="what to do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of whom; not with `list`")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command; returns 0.

    Raises:
        UsageError: names with `list`, or none without.
        FacegridError: the service cannot be asked, or nobody has such a name.
    """
    if (args.action == "list") == bool(args.names):
        raise UsageError("`list` takes no name" if args.names else f"name who to {args.action}")
    with connect(args) as client:
        if args.action == "list":
            _list(list(client.subjects(timeout_s=args.timeout_s)), as_json=args.json)
        for name in args.names:
            if args.action == "show":
                found = client.subject(name, timeout_s=args.timeout_s)
                _show(found.subject, found.faces, as_json=args.json)
            else:
                _print_erased(client.delete_subject(name, timeout_s=args.timeout_s), as_json=args.json)
    return 0


def _list(subjects: "list[Subject]", *, as_json: bool) -> None:
    from facegrid.cli._report import write_json, write_rows  # noqa: PLC0415  (rich, for --help not needed)

    if as_json:
        for one in subjects:
            write_json(_subject_as_json(one))
        return
    rows = [
        (one.name, str(one.faces), f"{one.first_enrolled_at:%Y-%m-%d %H:%M}", f"{one.last_enrolled_at:%Y-%m-%d %H:%M}")
        for one in subjects
    ]
    write_rows(("subject", "faces", "first enrolled (UTC)", "last enrolled (UTC)"), rows)


def _show(subject: "Subject", faces: "list[GalleryFace]", *, as_json: bool) -> None:
    from facegrid.cli._report import write_json, write_rows  # noqa: PLC0415

    if as_json:
        write_json({**_subject_as_json(subject), "kept": [_face_as_json(face) for face in faces]})
        return
    rows = [
        (
            face.id,
            f"{face.embedder.name} {face.embedder.version}",
            f"{face.face_px:.0f}",
            f"{face.score:.4f}",
            "yes" if face.has_chip else "no",
            f"{face.enrolled_at:%Y-%m-%d %H:%M}",
        )
        for face in faces
    ]
    write_rows((f"faces of {subject.name}", "embedder", "face px", "score", "chip", "enrolled (UTC)"), rows)


def _print_erased(erased: "facegrid.Erasure", *, as_json: bool) -> None:
    from facegrid.cli._report import write_json  # noqa: PLC0415

    if as_json:
        counts = {"vectors": erased.vectors, "chips": erased.chips, "pending": erased.pending}
        write_json({"subject": erased.subject, **counts})
        return
    later = "; old files go later" if erased.pending else ""
    sys.stdout.write(f"erased {erased.subject}: {erased.vectors} vectors, {erased.chips} chips{later}\n")


def _subject_as_json(one: "Subject") -> dict[str, Any]:
    return {
        "subject": one.name,
        "faces": one.faces,
        "first_enrolled_at": one.first_enrolled_at.isoformat(),
        "last_enrolled_at": one.last_enrolled_at.isoformat(),
    }


def _face_as_json(face: "GalleryFace") -> dict[str, Any]:
    return {
        "id": face.id,
        "model": face.embedder.name,
        "version": face.embedder.version,
        "enrolled_at": face.enrolled_at.isoformat(),
        "score": face.score,
        "face_px": face.face_px,
        "has_chip": face.has_chip,
    }
