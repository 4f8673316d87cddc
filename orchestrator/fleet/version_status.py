"""What a server has of that which its config names. Pure."""

from collections.abc import Mapping

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.fleet.model_server import ModelVersion
from orchestrator.fleet.rollout_plan import loaded_versions


def is_settled(config: ModelServerConfig, versions: list[ModelVersion], *, may_come: bool) -> bool:
    """Returns whether the server has every version that its config names, or will not have it.

    Args:
        config: That the server took up.
        versions: As the server reports them.
        may_come: Whether the server may not have looked into its folders since: what it reports as absent or as
            unloaded (END) it may then be about to load.
    """
    states = {(one.model, one.version): one.state for one in versions}
    settled_in = {"AVAILABLE"} if may_come else {"AVAILABLE", "END", ""}
    return all(
        states.get((one.name, version), "") in settled_in
        for one in config.model_config_list.config
        for version in loaded_versions(one)
    )


def available_versions(versions: list[ModelVersion]) -> dict[str, list[int]]:
    """Returns the versions that can be asked, by model."""
    found: dict[str, list[int]] = {}
    for one in versions:
        if one.state == "AVAILABLE":
            found.setdefault(one.model, []).append(one.version)
    return found


def with_labels(config: ModelServerConfig, there: Mapping[str, list[int]]) -> ModelServerConfig:
    """Returns the config with those of its labels whose versions are there: a server refuses others."""
    given = ModelServerConfig()
    given.CopyFrom(config)
    for one in given.model_config_list.config:
        labels = {label: number for label, number in one.version_labels.items() if number in there.get(one.name, ())}
        one.ClearField("version_labels")
        one.version_labels.update(labels)
    return given


def without_labels(config: ModelServerConfig) -> ModelServerConfig:
    """Returns the config for a server that has nothing yet."""
    return with_labels(config, {})
