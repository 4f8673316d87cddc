"""Which versions of a model lie in a folder, and which of them are to be served."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facegrid.tfserving.v1.model_server_config_pb2 import FileSystemStoragePathSourceConfig

_log = logging.getLogger(__name__)

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

    def choose(self, model: str, found: Mapping[int, Path]) -> dict[int, Path]:
        """Returns the part of `found` that is to be served."""
        if self.specific is not None:
            for version in sorted(self.specific - found.keys()):
                _log.warning(
                    "Version %d of servable %s, which was requested to be served, was not found", version, model
                )
            return {version: path for version, path in found.items() if version in self.specific}
        if self.latest is None:
            return dict(found)
        return {version: found[version] for version in sorted(found, reverse=True)[: self.latest]}


def find_versions(base_path: Path) -> dict[int, Path]:
    """Returns the folders whose name is a number, leading zeros allowed; every other name is skipped.

    Where two names are one number ("1" and "01"), the later in sorting order is taken.

    Raises:
        OSError: The folder cannot be listed.
    """
    found: dict[int, Path] = {}
    # By name, not by time: the same folder gives the same choice on every machine.
    for path in sorted(base_path.iterdir()):
        version = _version_number(path.name)
        if version is None:
            continue
        if version in found:
            _log.warning("Duplicate version %d: %s takes the place of %s", version, path, found[version])
        found[version] = path
    return found


def _version_number(name: str) -> int | None:
    """Returns the whole name as a 64-bit decimal, or None."""
    if not (name.isascii() and name.isdecimal()):
        return None
    number = int(name)
    return number if number <= _INT64_MAX else None
