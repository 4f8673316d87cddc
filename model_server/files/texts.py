"""The errors of the configuration files: code and text.

Callers match on these texts. Where tensorflow_model_server has the error, its words are kept to the letter.
"""

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


# --- Any file ---------------------------------------------------------------------------------------


def file_not_found(path: str, reason: str) -> ServingError:
    """A file that a flag names cannot be opened."""
    return ServingError(_Code.NOT_FOUND, f"{path}; {reason}")


def invalid_text_proto(path: str) -> ServingError:
    """A file that a flag names is not the text of its message; details go to stderr."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Invalid protobuf file: '{path}'")


# --- The list of models -----------------------------------------------------------------------------


def no_models() -> ServingError:
    """Neither a base path nor a config file is set."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Both server_options.model_base_path and server_options.model_config_file are empty!",
    )


def unsupported_config() -> ServingError:
    """A config that is not a list of models."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "ServerModelConfig type not supported by HandleReloadConfigRequest. "
        "Only ModelConfigList is currently supported",
    )


def model_listed_twice(name: str) -> ServingError:
    """The config names a model more than once."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Illegal to list model {name} multiple times in config list")


def relative_base_path(name: str, base_path: str) -> ServingError:
    """The base path of a model is neither absolute nor a URI."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Expected model {name} to have an absolute path or URI; got base_path()={base_path}",
    )


def missing_platform(name: str) -> ServingError:
    """The config gives no platform."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
        f"model name is {name}",
    )


def conflicting_platform(name: str) -> ServingError:
    """The config gives the platform twice."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform, "
        f"model name is {name}",
    )


def unsupported_platform(name: str, platform: str) -> ServingError:
    """A platform other than "tensorflow"."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Model {name} requests unsupported platform {platform}")


def changed_platform(name: str, served: str, requested: str) -> ServingError:
    """A model that is served would change its platform."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Illegal to change a model's platform. For model {name} platform was {served} "
        f"and new platform requested is {requested}",
    )


# --- Batching parameters ----------------------------------------------------------------------------


def not_positive(name: str, value: int) -> ServingError:
    """A parameter that has to be at least 1."""
    return ServingError(_Code.INVALID_ARGUMENT, f"{name} must be positive; was {value}")


def negative_timeout(timeout_micros: int) -> ServingError:
    """The timeout is negative."""
    return ServingError(_Code.INVALID_ARGUMENT, f"batch_timeout_micros must be non-negative; was {timeout_micros}")


def execution_size_too_large(max_batch_size: int, max_execution_batch_size: int) -> ServingError:
    """The parts of a split request would be larger than a request may be."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
        # Upstream lacks the spaces between the flag and the two numbers.
        f"max_execution_batch_size.1{max_batch_size}{max_execution_batch_size}",
    )


def allowed_sizes_end_elsewhere(last: int, max_batch_size: int) -> ServingError:
    """The largest allowed size is not the largest batch."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Last entry in allowed_batch_sizes must match max_batch_size; "
        f"last entry was {last}; expected {max_batch_size}",
    )


def allowed_sizes_do_not_rise(sizes: tuple[int, ...]) -> ServingError:
    """The sizes do not rise. Not upstream's: it accepts them and pads to the first that is large enough."""
    return ServingError(_Code.INVALID_ARGUMENT, f"allowed_batch_sizes must rise from at least 1; were {list(sizes)}")
