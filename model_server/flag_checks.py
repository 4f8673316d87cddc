"""Whether the flags fit together. The table of flags is in `flags.py`."""

import grpc

from model_server.errors import ServingError
from model_server.files import texts as files_texts
from model_server.flags import Flags
from model_server.grpc.listen import addresses

_Code = grpc.StatusCode


def check_flags(flags: Flags) -> None:
    """Raises ServingError where flags contradict each other, in upstream's order."""
    if not addresses(flags):
        raise _no_port()
    if flags.is_set("use_alts_credentials") and flags.text("ssl_config_file"):
        raise _ssl_and_alts()
    if not flags.text("model_base_path") and not flags.text("model_config_file"):
        raise files_texts.no_models()
    if flags.text("batching_parameters_file") and not flags.is_set("enable_batching"):
        raise _batching_parameters_without_batching()
    parallelism = ("session_parallelism", "intra_op_parallelism", "inter_op_parallelism")
    if all(flags.number(f"tensorflow_{name}") > 0 for name in parallelism):
        raise _conflicting_parallelism()
    for name in flags.unavailable():
        raise _flag_not_available(name)


def _no_port() -> ServingError:
    """Neither a port nor a socket path is set."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.",
    )


def _ssl_and_alts() -> ServingError:
    """Two kinds of credentials are set."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Either use_alts_credentials must be false or ssl_config_file must be empty.",
    )


def _batching_parameters_without_batching() -> ServingError:
    """A batching file is named but batching is off."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
    )


def _conflicting_parallelism() -> ServingError:
    """All three of the parallelism flags are set."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Tensorflow session parallelism and intra/inter parallelism cannot all be set at once.",
    )


def _flag_not_available(name: str) -> ServingError:
    """A flag of tensorflow_model_server that this server does not support yet. Not upstream's."""
    return ServingError(
        _Code.UNIMPLEMENTED,
        f"--{name} is not available yet in the embedded model server; leave it at its default, "
        "or use tensorflow_model_server",
    )
