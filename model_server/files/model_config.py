"""Which models to serve: the ModelServerConfig of a file, or of the two flags for one model, checked."""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from facegrid.tfserving.v1.model_server_config_pb2 import ModelConfig, ModelServerConfig, ModelType
from model_server.files import texts
from model_server.files.text_proto import read_text_proto
from model_server.flags import Flags
from model_server.versions.policy import VersionPolicy

TENSORFLOW_PLATFORM = "tensorflow"


@dataclass(frozen=True)
class ConfiguredModel:
    """One model to serve."""

    name: str
    base_path: Path
    policy: VersionPolicy
    labels: dict[str, int]
    """Names that a request may use in place of a version number."""


def configured_models(flags: Flags) -> dict[str, ConfiguredModel] | None:
    """Returns the models of --model_config_file, or else the one of --model_name and --model_base_path.

    None for a file without a list of models, which is not an error.

    Raises:
        ServingError: The file cannot be read, is not a ModelServerConfig, or contradicts itself.
    """
    path = flags.text("model_config_file")
    if path:
        config = read_text_proto(path, ModelServerConfig())
        return None if config.WhichOneof("config") is None else checked_models(config)
    base_path = flags.text("model_base_path")
    if not base_path:
        raise texts.no_models()
    config = ModelServerConfig()
    config.model_config_list.config.add(
        name=flags.text("model_name"), base_path=base_path, model_platform=TENSORFLOW_PLATFORM
    )
    return checked_models(config)


def checked_models(config: ModelServerConfig, *, serving: Container[str] = ()) -> dict[str, ConfiguredModel]:
    """Returns the models by name.

    Args:
        config: The list.
        serving: Names of the models that are served now; their platform cannot change.

    Raises:
        ServingError: A model is listed twice, a path is relative, or a platform is not TensorFlow.
    """
    if config.HasField("custom_model_config"):
        raise texts.unsupported_config()
    entries = config.model_config_list.config
    names = set()
    for entry in entries:
        if entry.name in names:
            raise texts.model_listed_twice(entry.name)
        names.add(entry.name)
    for entry in entries:
        if not entry.base_path.startswith("/"):
            raise texts.relative_base_path(entry.name, entry.base_path)
    return {entry.name: _checked_model(entry, is_served=entry.name in serving) for entry in entries}


def _checked_model(entry: ModelConfig, *, is_served: bool) -> ConfiguredModel:
    platform = entry.model_platform
    if entry.model_type != ModelType.MODEL_TYPE_UNSPECIFIED:
        if platform:
            raise texts.conflicting_platform(entry.name)
        platform = TENSORFLOW_PLATFORM if entry.model_type == ModelType.TENSORFLOW else "other"
    if not platform:
        raise texts.missing_platform(entry.name)
    if platform != TENSORFLOW_PLATFORM and is_served:
        raise texts.changed_platform(entry.name, TENSORFLOW_PLATFORM, platform)
    if platform != TENSORFLOW_PLATFORM:
        raise texts.unsupported_platform(entry.name, platform)
    return ConfiguredModel(
        name=entry.name,
        base_path=Path(entry.base_path),
        policy=VersionPolicy.from_proto(entry.model_version_policy),
        labels=dict(entry.version_labels),
    )
