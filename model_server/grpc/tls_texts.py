"""The errors of a TLS file that holds nothing to speak TLS with. Not upstream's, which ends with a crash."""

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


def missing_ssl_field(path: str, field: str) -> ServingError:
    """--ssl_config_file lacks what TLS needs (upstream fails to listen, or admits nobody)."""
    needed = " where client_verify is set" if field == "custom_ca" else ""
    return ServingError(_Code.INVALID_ARGUMENT, f"{path}: {field} is missing; it has to be PEM text{needed}")


def unusable_certificate(path: str) -> ServingError:
    """The server's key or certificate is no PEM, or the one does not belong to the other."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"{path}: server_key and server_cert have to be PEM texts of a private key and of its certificate; "
        "gRPC's message on stderr says what is wrong",
    )


def unusable_authority(path: str) -> ServingError:
    """The authorities' certificates are no PEM."""
    return ServingError(_Code.INVALID_ARGUMENT, f"{path}: custom_ca has to be the PEM text of certificates")
