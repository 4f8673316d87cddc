"""TLS of the gRPC addresses: the server's certificate, and which callers it admits."""

from concurrent.futures import ThreadPoolExecutor

import grpc

from facegrid.tfserving.v1.ssl_config_pb2 import SSLConfig
from model_server.files.text_proto import read_text_proto
from model_server.flags import Flags
from model_server.grpc import texts


def configured_credentials(flags: Flags) -> grpc.ServerCredentials | None:
    """Returns the credentials of every gRPC address, the UNIX socket included; None without --ssl_config_file.

    Raises:
        ServingError: The file cannot be read, or lacks a usable key, certificate or authority.
    """
    path = flags.text("ssl_config_file")
    if not path:
        return None
    config = read_text_proto(path, SSLConfig())
    for field in ("server_key", "server_cert"):
        if not getattr(config, field):
            raise texts.missing_ssl_field(path, field)
    if config.client_verify and not config.custom_ca:
        raise texts.missing_ssl_field(path, "custom_ca")
    pair = (config.server_key.encode(), config.server_cert.encode())
    if not _is_usable(grpc.ssl_server_credentials([pair])):
        raise texts.unusable_certificate(path)
    credentials = grpc.ssl_server_credentials(
        [pair],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
    if not _is_usable(credentials):
        raise texts.unusable_authority(path)
    return credentials


def _is_usable(credentials: grpc.ServerCredentials) -> bool:
    """Returns whether gRPC can listen with them. It reads them only then, after the models were loaded."""
    server = grpc.server(ThreadPoolExecutor(1))
    try:
        server.add_secure_port("127.0.0.1:0", credentials)
    except RuntimeError:
        return False
    finally:
        server.stop(None)
    return True
