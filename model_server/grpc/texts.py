"""The errors of the gRPC server: address, TLS file, drain. All texts are ours."""

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


# --- Addresses --------------------------------------------------------------------------------------


def address_taken(address: str, reason: str = "it is in use") -> ServingError:
    """The address to listen on cannot be bound."""
    return ServingError(
        _Code.UNAVAILABLE,
        f"cannot listen on {address}: {reason}; stop what uses it, or choose another with --port or --grpc_socket_path",
    )


def invalid_channel_argument(item: str) -> ServingError:
    """An item of --grpc_channel_arguments without "="."""
    return ServingError(_Code.INVALID_ARGUMENT, f"--grpc_channel_arguments: {item!r} is not key=value")


# --- TLS --------------------------------------------------------------------------------------------


def missing_ssl_field(path: str, field: str) -> ServingError:
    """--ssl_config_file lacks what TLS needs (upstream fails to listen, or refuses every caller)."""
    needed = " where client_verify is set" if field == "custom_ca" else ""
    return ServingError(_Code.INVALID_ARGUMENT, f"{path}: {field} is missing; it has to be PEM text{needed}")


def unusable_certificate(path: str) -> ServingError:
    """The server's key or certificate is not PEM, or they do not belong together."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"{path}: server_key and server_cert have to be PEM texts of a private key and of its certificate; "
        "gRPC's message on stderr says what is wrong",
    )


def unusable_authority(path: str) -> ServingError:
    """The authorities' certificates are not PEM."""
    return ServingError(_Code.INVALID_ARGUMENT, f"{path}: custom_ca has to be the PEM text of certificates")


# --- The end ----------------------------------------------------------------------------------------


def stopping() -> ServingError:
    """A call that came after SIGTERM (upstream's process has ended by then)."""
    return ServingError(_Code.UNAVAILABLE, "the model server is stopping; send the request to another, or later")
