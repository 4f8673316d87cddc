"""Which versions of a model lie in a folder, and which of them are to be served."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facegrid.tfserving.v1.model_server_config_pb2 import FileSystemStoragePathSourceConfig
from model_server.run import loading_texts as texts

_INT64_MAX = 2**63 - 1


@dataclass(frozen=True)
class Policy:
    """The choice among the versions found: exactly one of the three is given."""

    latest: int | None = 1
    """That many of the highest numbers."""
    specific: frozenset[int] | None = None
    """These numbers."""

    @classmethod
    def from_proto(cls, policy: FileSystemStoragePathSourceConfig.ServableVersionPolicy) -> "Policy":
        """Returns the policy of a config; without one, the latest version."""
        match policy.WhichOneof("policy_choice"):
            case "all":
                return cls(latest=None)
            case "specific":
                return cls(latest=None, specific=frozenset(policy.specific.versions))
            case _:
                return cls(latest=policy.latest.num_versions or 1)

    def choose(self, found: Mapping[int, Path]) -> dict[int, Path]:
        """Returns the part of `found` that is to be served."""
        if self.specific is not None:
            return {version: path for version, path in found.items() if version in self.specific}
        if self.latest is None:
            return dict(found)
        return {version: found[version] for version in sorted(found, reverse=True)[: self.latest]}

    def missing(self, found: Mapping[int, Path]) -> list[int]:
        """Returns the versions asked for by number that are not in `found`."""
        return sorted((self.specific or frozenset()) - found.keys())


@dataclass(frozen=True)
class Found:
    """What lies in a model's folder."""

    versions: dict[int, Path]
    """By number."""
    remarks: tuple[str, ...]
    """What is not served, and why, a sentence each."""


def find_versions(base_path: Path) -> Found:
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
    return Found(versions, tuple(remarks))


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
