"""What the sub-commands of `facegrid gallery` do; imported when one is run."""

import argparse
import json
import os
import sys
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from facegrid.cli.usage import UsageError
from orchestrator.app.host_files import read_serve_status
from orchestrator.app.options import default_state_dir, gallery_uri
from orchestrator.app.reembed import reembed_gallery
from orchestrator.app.state import StateFolder
from orchestrator.gallery.exchange import InvalidExport, export_faces, import_faces
from orchestrator.gallery.housekeeping import tidy
from orchestrator.gallery.parts import open_parts
from orchestrator.gallery.stats import stats
from orchestrator.predict.servers.tls import ModelServerTls
from orchestrator.settings import RAY, Settings, SettingsError

_ANSWER_TIMEOUT_S = 5.0


def run_stats(args: argparse.Namespace) -> int:
    """Prints how much the gallery holds of each embedder version."""
    found = stats(open_parts(_uri(args)).registry)
    if args.json:
        sys.stdout.write(json.dumps([asdict(version) for version in found]) + "\n")
        return 0
    table = Table("embedder", "state", "faces", "with chip", "not in the index", "files")
    for version in found:
        numbers = (version.faces, version.chips, version.unindexed, version.files)
        table.add_row(str(version.embedder), version.state, *map(str, numbers))
    Console().print(table if found else "nobody is enrolled")
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Writes all faces to a file."""
    faces = export_faces(open_parts(_uri(args)), args.file)
    sys.stderr.write(f"{faces} faces written to {args.file}\n")
    return 0


def run_import(args: argparse.Namespace) -> int:
    """Adds the faces of a file."""
    try:
        added, present = import_faces(open_parts(_uri(args)), args.file)
    except InvalidExport as err:
        sys.stderr.write(f"facegrid: {err}; nothing was imported\n")
        return 1
    sys.stderr.write(f"{added} faces added, {present} were there already\n")
    return 0


def run_tidy(args: argparse.Namespace) -> int:
    """Does what is otherwise done in the background."""
    parts = open_parts(_uri(args))
    tidy(parts.registry, parts.locks)
    return 0


def run_reembed(args: argparse.Namespace) -> int:
    """Moves the gallery to another embedder version; can be interrupted and run again."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    servers, tls = _embedder(args)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("faces", total=None)
        moved = reembed_gallery(
            _uri(args),
            args.version,
            servers,
            report=lambda done, total: progress.update(task, completed=done, total=total),
            tls=tls,
        )
    sys.stderr.write(f"the gallery is searched with version {args.version} now, {moved.moved} faces were moved\n")
    if moved.without_chip:
        sys.stderr.write(
            f"{moved.without_chip} faces have no chip and stay in the old version: they are listed and can be "
            "exported and deleted, but are not searched; enrol these people anew\n"
        )
    return 0


def _uri(args: argparse.Namespace) -> str:
    return gallery_uri(default_state_dir(), {"FACEGRID_GALLERY": args.gallery} if args.gallery else os.environ)


def _embedder(args: argparse.Namespace) -> tuple[frozenset[str], ModelServerTls | None]:
    """Returns where the embedder is served, and how it is called over TLS."""
    try:
        settings = Settings.from_environment()
        if args.model_server:
            servers = frozenset([args.model_server])
        elif settings.model_servers == RAY:
            servers = _on_ray(args.version)
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
