"""Which versions of a model lie in a folder, and whether the files of one have changed."""

import os
from dataclasses import dataclass
from pathlib import Path

from model_server.versions import texts

_INT64_MAX = 2**63 - 1


@dataclass(frozen=True)
class FoundVersions:
    """The content of a model's folder."""

    versions: dict[int, Path]
    """By number."""
    remarks: tuple[str, ...]
    """Folders that are not served, and why, one sentence each."""


def find_versions(base_path: Path) -> FoundVersions:
    """Returns the entries whose name is a number, leading zeros allowed.

    If two names are the same number ("1" and "01"), the later in sorting order is taken. Every other folder gets a
    remark, unless its name begins with a dot; files are skipped.

    Raises:
        OSError: The folder cannot be listed.
    """
    versions: dict[int, Path] = {}
    remarks = []
    # By name, not by time: the choice is the same on every machine.
    for path in sorted(base_path.iterdir()):
        version = _version_number(path.name)
        if version is not None:
            if version in versions:
                remarks.append(texts.duplicate_version(version, path, versions[version]))
            versions[version] = path
        elif not path.name.startswith(".") and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises without rights
            remarks.append(texts.not_a_version(path))
    return FoundVersions(versions, tuple(remarks))


def fingerprint(version: Path) -> frozenset[tuple[str, int, int]]:
    """Returns a value that changes with any change of a version's files or of their permissions."""
    seen: set[tuple[str, int, int]] = set()
    for folder, _, files in os.walk(version):
        seen.update(_stamp(Path(folder, name)) for name in (".", *files))
    return frozenset(seen or {_stamp(version)})


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        return str(path), -1, error.errno or 0
    # Unlike the time of modification, the time of change is set by chmod and by a copy that keeps times.
    return str(path), status.st_ino, status.st_ctime_ns


def _version_number(name: str) -> int | None:
    """Returns the whole name as a 64-bit decimal, or None."""
    if not (name.isascii() and name.isdecimal()):
        return None
    number = int(name)
    return number if number <= _INT64_MAX else None
