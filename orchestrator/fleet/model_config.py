"""The ModelServerConfig of the repository, with this machine's folder in place of /models."""

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from google.protobuf import text_format

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.fleet.errors import FleetError

_CONTAINER_DIR = PurePosixPath("/models")


def read_model_config(path: Path) -> ModelServerConfig:
    """Returns the parsed text file.

    Raises:
        FleetError: No such file, or not a ModelServerConfig.
    """
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), ModelServerConfig())
    except OSError as err:
        raise FleetError(f"cannot read {path}: {err.strerror}", "name the file with --model-config") from err
    except text_format.ParseError as err:
        raise FleetError(f"{path} is not a ModelServerConfig: {err}", "see serving_configs/models.config") from err


def local_model_config(config: ModelServerConfig, models_dir: Path) -> ModelServerConfig:
    """Returns a copy in which every base path below /models lies below `models_dir` instead."""
    local = ModelServerConfig()
    local.CopyFrom(config)
    for model in local.model_config_list.config:
        base_path = PurePosixPath(model.base_path)
        if base_path.is_relative_to(_CONTAINER_DIR):
            model.base_path = str(models_dir.absolute() / base_path.relative_to(_CONTAINER_DIR))
    return local


def model_names(config: ModelServerConfig) -> list[str]:
    """Returns the names of the models, in the order of the file."""
    return [model.name for model in config.model_config_list.config]


def models_without_version(config: ModelServerConfig) -> dict[str, Path]:
    """Returns name and folder of each model that has no numbered version to serve."""
    folders = {model.name: Path(model.base_path) for model in config.model_config_list.config}
    return {name: folder for name, folder in folders.items() if not _has_version(folder)}


def without_absent(config: ModelServerConfig, optional: Collection[str]) -> ModelServerConfig:
    """Returns a copy without those optional models that have no version to serve."""
    absent = models_without_version(config).keys() & set(optional)
    kept = ModelServerConfig()
    kept.CopyFrom(config)
    del kept.model_config_list.config[:]
    kept.model_config_list.config.extend(one for one in config.model_config_list.config if one.name not in absent)
    return kept


def _has_version(folder: Path) -> bool:
    return folder.is_dir() and any(child.name.isdigit() and child.is_dir() for child in folder.iterdir())


def write_model_config(config: ModelServerConfig, path: Path) -> None:
    """Writes the text that --model_config_file takes."""
    path.write_text(text_format.MessageToString(config), encoding="utf-8")
