"""Look after the gallery: size, backup, move to another embedder.

The commands work on the files of the gallery: the service may be running or not.

Examples:
  facegrid gallery stats
  facegrid gallery export people.parquet
  facegrid gallery import people.parquet --gallery s3://bucket/people
  facegrid gallery reembed --version 2 --model-server 127.0.0.1:8500
  facegrid gallery tidy --gallery /srv/gallery

Exit code: 0 done, 1 failed, 2 wrong usage.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from facegrid.cli.command import command, group
from facegrid.cli.usage import UsageError
from orchestrator.app.host_files import read_serve_status
from orchestrator.app.options import GALLERY_VARIABLE, default_state_dir, gallery_uri
from orchestrator.app.reembed import reembed_gallery
from orchestrator.app.state import StateFolder
from orchestrator.gallery.exchange import InvalidExport, export_faces, import_faces
from orchestrator.gallery.housekeeping import tidy as tidy_files
from orchestrator.gallery.parts import open_parts
from orchestrator.gallery.stats import stats as count_faces
from orchestrator.predict.servers.tls import ModelServerTls
from orchestrator.settings import RAY, Settings, SettingsError

_ANSWER_TIMEOUT_S = 5.0

_Uri = Annotated[
    str | None,
    typer.Option(
        "--gallery",
        metavar="URI",
        help=f"folder or object store (default: ${GALLERY_VARIABLE}, else that of the stack on this machine)",
    ),
]


def _doc(summary: str, example: str) -> str:
    return f"{summary}\n\nExamples:\n  facegrid gallery {example}\n\nExit code: 0 done, 1 failed, 2 wrong usage.\n"


@command(_doc("Show how much it holds.", "stats"))
def stats(*, json_line: Annotated[bool, typer.Option("--json", help="print JSON")] = False, uri: _Uri = None) -> int:
    """Prints how much the gallery holds of each embedder version."""
    found = count_faces(open_parts(_gallery_uri(uri)).registry)
    if json_line:
        sys.stdout.write(json.dumps([asdict(version) for version in found]) + "\n")
        return 0
    table = Table("embedder", "state", "faces", "with chip", "not in the index", "files")
    for version in found:
        numbers = (version.faces, version.chips, version.unindexed, version.files)
        table.add_row(str(version.embedder), version.state, *map(str, numbers))
    Console().print(table if found else "nobody is enrolled")
    return 0


@command(_doc("Write all faces to a Parquet file.", "export people.parquet"))
def export(
    *,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="where to write; replaces an earlier file; it holds faces, so protect it like the gallery",
        ),
    ],
    uri: _Uri = None,
) -> int:
    """Writes all faces to a file."""
    faces = export_faces(open_parts(_gallery_uri(uri)), file)
    sys.stderr.write(f"{faces} faces written to {file}\n")
    return 0


@command(
    _doc("Add the faces of an exported file.", "import people.parquet --gallery s3://bucket/people"), name="import"
)
def import_(
    *, file: Annotated[Path, typer.Argument(metavar="FILE", help="what `export` wrote")], uri: _Uri = None
) -> int:
    """Adds the faces of a file."""
    try:
        added, present = import_faces(open_parts(_gallery_uri(uri)), file)
    except InvalidExport as err:
        sys.stderr.write(f"facegrid: {err}; nothing was imported\n")
        return 1
    sys.stderr.write(f"{added} faces added, {present} were there already\n")
    return 0


@command(_doc("Join small files, update the index, remove unneeded files.", "tidy --gallery /srv/gallery"))
def tidy(*, uri: _Uri = None) -> int:
    """Does what the service otherwise does in the background."""
    parts = open_parts(_gallery_uri(uri))
    tidy_files(parts.registry, parts.locks)
    return 0


@command(
    _doc(
        "Move to another version of the embedder, from the stored chips.",
        "reembed --version 2 --model-server 127.0.0.1:8500",
    )
)
def reembed(
    *,
    version: Annotated[int, typer.Option(metavar="N", help="version to move to")],
    model_server: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="what serves that version (default: $FACEGRID_MODEL_SERVERS, else 127.0.0.1:8500)",
        ),
    ] = None,
    uri: _Uri = None,
) -> int:
    """Moves the gallery to another embedder version; can be interrupted and run again."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    servers, tls = _embedder(version, model_server)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("faces", total=None)
        moved = reembed_gallery(
            _gallery_uri(uri),
            version,
            servers,
            report=lambda done, total: progress.update(task, completed=done, total=total),
            tls=tls,
        )
    sys.stderr.write(f"the gallery is searched with version {version} now, {moved.moved} faces were moved\n")
    if moved.without_chip:
        sys.stderr.write(
            f"{moved.without_chip} faces have no chip and stay in the old version: they are listed and can be "
            "exported and deleted, but are not searched; enrol these people again\n"
        )
    return 0


gallery = group(__doc__, [stats, export, import_, tidy, reembed], name="gallery")


def _gallery_uri(chosen: str | None) -> str:
    return gallery_uri(default_state_dir(), {GALLERY_VARIABLE: chosen} if chosen else os.environ)


def _embedder(version: int, model_server: str | None) -> tuple[frozenset[str], ModelServerTls | None]:
    """Returns where the embedder is served, and how it is called over TLS."""
    try:
        settings = Settings.from_environment()
        if model_server:
            servers = frozenset([model_server])
        elif settings.model_servers == RAY:
            servers = _on_ray(version)
        else:
            servers = settings.targets()["embedder"]
        return servers, settings.model_server_tls()
    except SettingsError as err:
        raise UsageError(str(err)) from err


def _on_ray(version: int) -> frozenset[str]:
    """Returns the model servers of this machine's stack that have the version of the embedder."""
    state = StateFolder(default_state_dir()).load()
    status = read_serve_status(state.run_dir, timeout_s=_ANSWER_TIMEOUT_S) if state else None
    if status is None:
        raise UsageError(
            f"FACEGRID_MODEL_SERVERS is {RAY}, and no stack of this machine can be asked where they are; "
            "name one that has the version with --model-server"
        )
    having = frozenset(one["address"] for one in status["servers"] if version in one["versions"].get("embedder", ()))
    if not having:
        raise UsageError(f"no model server has version {version}; run: facegrid rollout embedder --version {version}")
    return having
