"""Which of the versions that its config names a server has loaded. Pure."""

from collections.abc import Mapping

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.fleet.model_server import ModelVersion
from orchestrator.fleet.rollout_plan import loaded_versions


def is_settled(config: ModelServerConfig, versions: list[ModelVersion], *, may_come: bool) -> bool:
    """Returns whether the server has every version that its config names, except those that it will never have.

    Args:
        config: That the server applies.
        versions: As the server reports them.
        may_come: Whether the server may not have looked into its folders since it got the config: it may then be about
            to load what it reports as absent or as unloaded (END).
    """
    states = {(one.model, one.version): one.state for one in versions}
    settled_in = {"AVAILABLE"} if may_come else {"AVAILABLE", "END", ""}
    return all(
        states.get((one.name, version), "") in settled_in
        for one in config.model_config_list.config
        for version in loaded_versions(one)
    )


def available_versions(versions: list[ModelVersion]) -> dict[str, list[int]]:
    """Returns the available versions by model."""
    found: dict[str, list[int]] = {}
    for one in versions:
        if one.state == "AVAILABLE":
            found.setdefault(one.model, []).append(one.version)
    return found


def with_labels(config: ModelServerConfig, there: Mapping[str, list[int]]) -> ModelServerConfig:
    """Returns the config with only those labels whose versions are loaded: a server refuses others."""
    given = ModelServerConfig()
    given.CopyFrom(config)
    for one in given.model_config_list.config:
        labels = {label: number for label, number in one.version_labels.items() if number in there.get(one.name, ())}
        one.ClearField("version_labels")
        one.version_labels.update(labels)
    return given


def without_labels(config: ModelServerConfig) -> ModelServerConfig:
    """Returns the config for a server that has loaded nothing yet."""
    return with_labels(config, {})
