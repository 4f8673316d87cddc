"""List, show and delete enrolled people.

Deleting a person removes all faces, vectors and aligned pictures of the person, also from the files on disk, and says
what was erased; it cannot be undone.

Exit code: 0 done, 1 failed or no such person, 2 wrong usage.

Examples:
  facegrid subjects list
  facegrid subjects list --json | jq -r .subject
  facegrid subjects show "Grace Hopper"
  facegrid subjects delete "Grace Hopper"
"""

import sys
from typing import Annotated, Any, Literal

import typer

from facegrid.answers.gallery import Erasure, GalleryFace, Subject
from facegrid.cli.arguments import ServiceArguments
from facegrid.cli.command import command
from facegrid.cli.output import write_json, write_rows
from facegrid.cli.usage import UsageError


@command(__doc__)
def subjects(
    *,
    action: Annotated[Literal["list", "show", "delete"], typer.Argument(help="what to do")],
    service: ServiceArguments,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="the people; not with `list`", show_default=False)
    ] = None,
) -> int:
    """Runs the command; returns 0.

    Raises:
        UsageError: Names with `list`, or none without.
        FacegridError: The service cannot be asked, or the gallery has no such name.
    """
    if (action == "list") == bool(names):
        raise UsageError("`list` takes no name" if names else f"name the people to {action}")
    with service.connect() as client:
        if action == "list":
            _list(list(client.subjects(timeout_s=service.timeout_s)), as_json=service.json)
        for name in names or ():
            if action == "show":
                found = client.subject(name, timeout_s=service.timeout_s)
                _show(found.subject, found.faces, as_json=service.json)
            else:
                _print_erased(client.delete_subject(name, timeout_s=service.timeout_s), as_json=service.json)
    return 0


def _list(people: list[Subject], *, as_json: bool) -> None:
    if as_json:
        for one in people:
            write_json(_subject_as_json(one))
        return
    rows = [
        (one.name, str(one.faces), f"{one.first_enrolled_at:%Y-%m-%d %H:%M}", f"{one.last_enrolled_at:%Y-%m-%d %H:%M}")
        for one in people
    ]
    write_rows(("subject", "faces", "first enrolled (UTC)", "last enrolled (UTC)"), rows)


def _show(subject: Subject, faces: list[GalleryFace], *, as_json: bool) -> None:
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


def _print_erased(erased: Erasure, *, as_json: bool) -> None:
    if as_json:
        counts = {"vectors": erased.vectors, "chips": erased.chips, "pending": erased.pending}
        write_json({"subject": erased.subject, **counts})
        return
    later = "; old files go later" if erased.pending else ""
    sys.stdout.write(f"erased {erased.subject}: {erased.vectors} vectors, {erased.chips} chips{later}\n")


def _subject_as_json(one: Subject) -> dict[str, Any]:
    return {
        "subject": one.name,
        "faces": one.faces,
        "first_enrolled_at": one.first_enrolled_at.isoformat(),
        "last_enrolled_at": one.last_enrolled_at.isoformat(),
    }


def _face_as_json(face: GalleryFace) -> dict[str, Any]:
    return {
        "id": face.id,
        "model": face.embedder.name,
        "version": face.embedder.version,
        "enrolled_at": face.enrolled_at.isoformat(),
        "score": face.score,
        "face_px": face.face_px,
        "has_chip": face.has_chip,
    }
