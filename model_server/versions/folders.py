"""Which versions of a model lie in a folder, and whether the files of one have changed."""

import os
from dataclasses import dataclass
from pathlib import Path

from model_server.versions import texts

_INT64_MAX = 2**63 - 1


@dataclass(frozen=True)
class FoundVersions:
    """What lies in a model's folder."""

    versions: dict[int, Path]
    """By number."""
    remarks: tuple[str, ...]
    """What is not served, and why, a sentence each."""


def find_versions(base_path: Path) -> FoundVersions:
    """Returns the entries whose name is a number, leading zeros allowed.

    Where two names are one number ("1" and "01"), the later in sorting order is taken. Every other folder is
    remarked on, unless its name begins with a dot; other files are skipped.

    Raises:
        OSError: The folder cannot be listed.
    """
    versions: dict[int, Path] = {}
    remarks = []
    # By name, not by time: the same folder gives the same choice on every machine.
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
    """Returns what differs after any change of a version's files, their rights included."""
    seen: set[tuple[str, int, int]] = set()
    for folder, _, files in os.walk(version):
        seen.update(_stamp(Path(folder, name)) for name in (".", *files))
    return frozenset(seen or {_stamp(version)})


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        return str(path), -1, error.errno or 0
    # The time of change, unlike that of modification, is set by a copy that keeps times, and by chmod.
    return str(path), status.st_ino, status.st_ctime_ns


def _version_number(name: str) -> int | None:
    """Returns the whole name as a 64-bit decimal, or None."""
    if not (name.isascii() and name.isdecimal()):
        return None
    number = int(name)
    return number if number <= _INT64_MAX else None
