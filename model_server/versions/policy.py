"""Which of the versions found in a folder are served."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facegrid.tfserving.v1.model_server_config_pb2 import FileSystemStoragePathSourceConfig


@dataclass(frozen=True)
class VersionPolicy:
    """The choice among the versions found. If both fields are None, all are served."""

    latest: int | None = 1
    """How many of the highest numbers are served."""
    specific: frozenset[int] | None = None
    """The numbers that are served."""

    @classmethod
    def from_proto(cls, policy: FileSystemStoragePathSourceConfig.ServableVersionPolicy) -> "VersionPolicy":
        """Returns the policy of a config; without one, the latest version."""
        match policy.WhichOneof("policy_choice"):
            case "all":
                return cls(latest=None)
            case "specific":
                return cls(latest=None, specific=frozenset(policy.specific.versions))
            case _:
                return cls(latest=policy.latest.num_versions or 1)

    def choose(self, found: Mapping[int, Path]) -> dict[int, Path]:
        """Returns the part of `found` that is served."""
        if self.specific is not None:
            return {version: path for version, path in found.items() if version in self.specific}
        if self.latest is None:
            return dict(found)
        return {version: found[version] for version in sorted(found, reverse=True)[: self.latest]}

    def missing(self, found: Mapping[int, Path]) -> list[int]:
        """Returns the specific versions that are not in `found`."""
        return sorted((self.specific or frozenset()) - found.keys())
