"""The numbered folders of a model: which there are, and how one comes into being all at once.

A model server takes every folder whose name is a number for a version, and may look at any moment. So a
version is written under a name that is no number and renamed when it is complete.
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
    """Returns the versions of a model and where they are, ascending; none where the folder does not exist.

    As for TensorFlow Serving, "0007" is version 7 and a name that is not a whole number is none.
    """
    if not model_dir.is_dir():
        return {}
    numbered = [path for path in model_dir.iterdir() if path.name.isascii() and path.name.isdecimal()]
    return dict(sorted((int(path.name), path) for path in numbered))


@contextmanager
def new_version(model_dir: Path, version: int | None) -> Iterator["Draft"]:
    """Gives a folder to fill; `publish` makes it a version. Whatever was not published is removed.

    Args:
        model_dir: The model's folder; made where it does not exist.
        version: 1 to MAX_VERSION, or None for the number after the highest there is.

    Raises:
        VersionOutOfRange: The number is no version.
        VersionExists: The version is there already.
        OSError: The folder cannot be written.
    """
    _check_free(model_dir, version)
    model_dir.mkdir(parents=True, exist_ok=True)
    # In the same folder, hence on the same file system: only there is renaming atomic.
    draft = Draft(Path(tempfile.mkdtemp(prefix=".export-", dir=model_dir)), version)
    try:
        draft.path.chmod(0o755)  # a model server often runs as another user
        yield draft
    finally:
        shutil.rmtree(draft.path, ignore_errors=True)
        with suppress(OSError):
            model_dir.rmdir()  # where it is empty


class Draft:
    """A version that is being written to `path`."""

    def __init__(self, path: Path, version: int | None) -> None:
        self.path = path
        self._version = version

    def publish(self) -> Path:
        """Renames the folder into place and returns where it is now.

        Raises:
            VersionExists: Another export made the version in the meantime.
        """
        while True:
            model_dir = self.path.parent
            _check_free(model_dir, self._version)
            version = self._version or max(versions(model_dir), default=0) + 1
            target = model_dir / str(version)
            try:
                # A folder that is not empty is never replaced: of two exports that race, the second fails.
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
