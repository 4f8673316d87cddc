"""The numbered folders of a model: the versions that exist, and a new one that appears in one step.

A model server treats every folder whose name is a number as a version, and may look at any moment. So a version is
written under a name that is not a number, and renamed when it is complete.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from exporters.errors import VersionExists, VersionOutOfRange

MAX_VERSION = 2**63 - 1
"""TensorFlow Serving keeps versions as int64."""


def versions(model_dir: Path) -> dict[int, Path]:
    """Returns the folders of a model's versions by number, ascending; none if the model has no folder.

    As in TensorFlow Serving, "0007" is version 7, and a name that is not a whole number is ignored.
    """
    if not model_dir.is_dir():
        return {}
    numbered = [path for path in model_dir.iterdir() if path.name.isascii() and path.name.isdecimal()]
    return dict(sorted((int(path.name), path) for path in numbered))


@contextmanager
def new_version(model_dir: Path, version: int | None) -> Iterator["Draft"]:
    """Gives a folder to fill; `publish` makes it a version. An unpublished folder is removed.

    Args:
        model_dir: The model's folder; created if it does not exist.
        version: 1 to MAX_VERSION, or None for the number after the highest one.

    Raises:
        VersionOutOfRange: The number is out of range.
        VersionExists: The version exists already.
        OSError: The folder cannot be written.
    """
    _check_free(model_dir, version)
    model_dir.mkdir(parents=True, exist_ok=True)
    # In the same folder, so on the same file system: only there is a rename atomic.
    draft = Draft(Path(tempfile.mkdtemp(prefix=".export-", dir=model_dir)), version)
    try:
        draft.path.chmod(0o755)  # a model server often runs as another user
        yield draft
    finally:
        shutil.rmtree(draft.path, ignore_errors=True)
        with suppress(OSError):
            model_dir.rmdir()  # if it is empty


class Draft:
    """A version that is being written to `path`."""

    def __init__(self, path: Path, version: int | None) -> None:
        self.path = path
        self._version = version

    def publish(self) -> Path:
        """Renames the folder into place and returns its new path.

        Raises:
            VersionExists: Another export made the version in the meantime.
        """
        while True:
            model_dir = self.path.parent
            _check_free(model_dir, self._version)
            version = self._version or max(versions(model_dir), default=0) + 1
            target = model_dir / str(version)
            try:
                # Renaming never replaces a folder that is not empty: of two exports that race, the second fails.
                self.path.rename(target)
            except OSError:
                if not target.exists():
                    raise
                continue
            return target


def _check_free(model_dir: Path, version: int | None) -> None:
    if version is None:
        return
    if not 1 <= version <= MAX_VERSION:
        raise VersionOutOfRange(f"version {version} is out of range: 1 to {MAX_VERSION}")
    found = versions(model_dir)
    if version in found:
        raise VersionExists(
            f"{found[version]} exists already, and a version is never overwritten: "
            f"leave out the number to get the next one, {max(found) + 1}"
        )
