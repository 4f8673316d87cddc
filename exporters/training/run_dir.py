"""The folder of a training: it belongs to one configuration, and its disk has enough room."""

import json
import shutil
from pathlib import Path
from typing import Any

from exporters.errors import TrainingError


def claim(config: dict[str, Any], run_dir: Path, *, resume: bool) -> None:
    """Makes the folder a training's own, with its configuration in config.json, or checks that it is.

    Raises:
        TrainingError: The folder holds a training already, or none of this configuration.
        OSError: The folder cannot be written.
    """
    file = run_dir / "config.json"
    if file.exists():
        found = json.loads(file.read_text(encoding="utf-8"))
        if not resume:
            raise TrainingError(f"{run_dir} holds a training already: go on with --resume, or name another folder")
        if found != config:
            raise TrainingError(f"{run_dir} holds a training with {found}, not with {config}: name another folder")
        return
    if resume:
        raise TrainingError(f"there is no training to resume in {run_dir}")
    run_dir.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def require_space(run_dir: Path, needed_bytes: int) -> None:
    """Checks that the disk of a folder, which need not exist yet, has room.

    Raises:
        TrainingError: It has too little.
    """
    there = next(path for path in (run_dir, *run_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed_bytes:
        raise TrainingError(
            f"the training needs {needed_bytes / 1e6:.0f} MB in {run_dir}, of which {free / 1e6:.0f} MB are free"
        )
