"""Which models to serve: the ModelServerConfig of a file or of the two flags for one model, checked."""

import logging
import sys
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from facegrid.tfserving.v1.model_server_config_pb2 import ModelConfig, ModelServerConfig, ModelType
from model_server import texts
from model_server.flags import Flags
from model_server.versions.policy import Policy

TENSORFLOW_PLATFORM = "tensorflow"

_log = logging.getLogger(__name__)
_M = TypeVar("_M", bound=Message)


@dataclass(frozen=True)
class Model:
    """One model to serve."""

    name: str
    base_path: Path
    policy: Policy
    labels: dict[str, int]
    """Names that a request may use in place of a version number."""


def configured_models(flags: Flags) -> dict[str, Model] | None:
    """Returns the models of --model_config_file, or else the one of --model_name and --model_base_path.

    None for a file without a list of models, which is no error.

    Raises:
        ServingError: No file, not a ModelServerConfig, or one that contradicts itself.
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


def read_text_proto(path: str, message: _M) -> _M:
    """Returns `message`, filled from the text file; the place of an error is written to stderr.

    Raises:
        ServingError: NOT_FOUND or INVALID_ARGUMENT.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise texts.file_not_found(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise texts.invalid_text_proto(path) from error
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        # The name upstream's users know; the messages here are equal ones in a package of our own.
        full_name = _upstream_name(message.DESCRIPTOR.full_name)
        sys.stderr.write(f"Error parsing text-format {full_name}: {_upstream_name(str(error))}\n")
        raise texts.invalid_text_proto(path) from error


def _upstream_name(text: str) -> str:
    return text.replace("facegrid.tfserving.v1.", "tensorflow.serving.")


def checked_models(config: ModelServerConfig, *, serving: Container[str] = ()) -> dict[str, Model]:
    """Returns the models by name.

    Args:
        config: The list.
        serving: Names of the models served so far, whose platform cannot change.

    Raises:
        ServingError: A model twice, a relative path, or a platform other than TensorFlow.
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


def _checked_model(entry: ModelConfig, *, is_served: bool) -> Model:
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
    return Model(
        name=entry.name,
        base_path=Path(entry.base_path),
        policy=Policy.from_proto(entry.model_version_policy),
        labels=dict(entry.version_labels),
    )
