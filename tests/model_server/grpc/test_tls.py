"""TLS with real certificates: which callers are admitted, over TCP and UNIX socket, and which files end the start."""

import grpc
import pytest

from facegrid.tfserving.v1.ssl_config_pb2 import SSLConfig
from tests.model_server.helpers.messages import floats, predict_request, values
from tests.model_server.helpers.process import ServerProcess, run_to_exit
from tests.support.certificates import Authority
from tests.support.polling import eventually

HOST = "model-server.test"
AT_ONE = predict_request("m", {"x": floats([[1]])})

ours, others = Authority("ours"), Authority("others")
server_identity = ours.issue(HOST)
caller, stranger = ours.issue("caller"), others.issue("stranger")


def config(**fields) -> str:
    given = {"server_key": server_identity.key.decode(), "server_cert": server_identity.certificate.decode(), **fields}
    return str(SSLConfig(**{name: value for name, value in given.items() if value}))


def credentials(root=ours, identity=None) -> grpc.ChannelCredentials:
    if identity is None:
        return grpc.ssl_channel_credentials(root.certificate)
    return grpc.ssl_channel_credentials(root.certificate, identity.key, identity.certificate)


@pytest.fixture(scope="module")
def start(saved_models, tmp_path_factory):
    """Starts a server with an SSLConfig; returns it and the path of its UNIX socket."""
    started = []

    def start(**fields) -> tuple[ServerProcess, str]:
        folder = tmp_path_factory.mktemp("tls")
        (folder / "ssl.config").write_text(config(**fields))
        server = ServerProcess(
            folder,
            f"--ssl_config_file={folder}/ssl.config",
            f"--model_base_path={saved_models}/half_plus_two",
            "--model_name=m",
            f"--grpc_socket_path={folder}/socket",
        )
        started.append(server)
        eventually(lambda: server.is_listening() or server.process.poll() is not None, "the port is open")
        return server, f"unix:{folder}/socket"

    yield start
    for server in started:
        server.__exit__()


@pytest.fixture(scope="module")
def open_to_all(start):
    return start()


@pytest.fixture(scope="module")
def verifying(start):
    return start(custom_ca=ours.certificate.decode(), client_verify=True)


def answer(server, target=None, *, secure=True, **who) -> float | grpc.StatusCode:
    """Returns what a caller gets for x = 1, or the code of the error."""
    target = target or f"127.0.0.1:{server.port}"
    options = [("grpc.ssl_target_name_override", HOST)] if secure else []
    channel = grpc.secure_channel(target, credentials(**who), options) if secure else grpc.insecure_channel(target)
    server.use(channel)
    try:
        (value,) = values(server.predict(AT_ONE, timeout_s=20.0).outputs["y"])
    except grpc.RpcError as error:
        return error.code()
    return value


def test_a_caller_who_knows_the_authority_is_answered(open_to_all):
    server, socket = open_to_all
    assert answer(server) == 2.5
    assert answer(server, socket) == 2.5


def test_a_certificate_of_the_caller_is_not_asked_for(open_to_all):
    assert answer(open_to_all[0], identity=stranger) == 2.5


def test_a_caller_without_tls_is_not_answered(open_to_all):
    server, socket = open_to_all
    assert answer(server, secure=False) == grpc.StatusCode.UNAVAILABLE
    assert answer(server, socket, secure=False) == grpc.StatusCode.UNAVAILABLE


def test_a_caller_who_trusts_another_authority_does_not_talk(open_to_all):
    assert answer(open_to_all[0], root=others) == grpc.StatusCode.UNAVAILABLE


def test_a_caller_with_a_certificate_of_the_authority_is_answered(verifying):
    server, socket = verifying
    assert answer(server, identity=caller) == 2.5
    assert answer(server, socket, identity=caller) == 2.5


@pytest.mark.parametrize("identity", [None, stranger], ids=["no certificate", "of another authority"])
def test_a_caller_without_such_a_certificate_is_refused(verifying, identity):
    server, socket = verifying
    assert answer(server, identity=identity) == grpc.StatusCode.UNAVAILABLE
    assert answer(server, socket, identity=identity) == grpc.StatusCode.UNAVAILABLE


WRONG = {
    "no key": ({"server_key": ""}, "{path}: server_key is missing; it has to be PEM text"),
    "no certificate": ({"server_cert": ""}, "{path}: server_cert is missing; it has to be PEM text"),
    "nobody can be verified": (
        {"client_verify": True},
        "{path}: custom_ca is missing; it has to be PEM text where client_verify is set",
    ),
    "a path in place of PEM": ({"server_key": "/etc/ssl/key.pem"}, "{path}: server_key and server_cert have to be PEM"),
    "the key of another": ({"server_key": stranger.key.decode()}, "{path}: server_key and server_cert have to be PEM"),
    "no authority": (
        {"custom_ca": "nobody", "client_verify": True},
        "{path}: custom_ca has to be the PEM text of certificates",
    ),
}


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize(("fields", "text"), WRONG.values(), ids=WRONG.keys())
def test_an_unusable_tls_file_ends_the_start(tmp_path, fields, text):
    file = tmp_path / "ssl.config"
    file.write_text(config(**fields))
    done = run_to_exit(f"--ssl_config_file={file}", "--model_base_path=/m")
    assert done.returncode == 255
    error = done.stdout.strip().splitlines()[-1]
    assert error.startswith(f"Failed to start server. Error: INVALID_ARGUMENT: {text.format(path=file)}")
    assert "PRIVATE KEY" not in done.stdout + done.stderr


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "NOT_FOUND: {path}; No such file or directory"),
        ("{", "INVALID_ARGUMENT: Invalid protobuf file: '{path}'"),
    ],
)
def test_a_file_that_is_not_an_ssl_config_ends_the_start(tmp_path, content, error):
    file = tmp_path / "ssl.config"
    if content is not None:
        file.write_text(content)
    done = run_to_exit(f"--ssl_config_file={file}", "--model_base_path=/m")
    assert done.returncode == 255
    assert done.stdout.strip().splitlines()[-1] == f"Failed to start server. Error: {error.format(path=file)}"
