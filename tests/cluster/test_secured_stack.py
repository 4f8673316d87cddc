"""The whole stack with API keys and mutual TLS, as an operator starts it."""

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import psutil
import pytest

import facegrid
from facegrid.v1.detect_pb2 import DetectRequest
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.app.ports import free_ports
from tests.cluster.stack import Stack, commands, run
from tests.support.certificates import Authority
from tests.support.keyfile import make_key, mount_keys
from tests.support.polling import eventually

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Ray brings HAProxy on Linux only"),
]

OURS, OTHERS = Authority("ours"), Authority("others")
DETECTOR, DETECTOR_ENTRY = make_key("detect")
MANAGER, MANAGER_ENTRY = make_key("manage", "recognise")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secured")
    OURS.write(folder / "ca.pem")
    OTHERS.write(folder / "others.pem")
    OURS.issue("127.0.0.1").write(folder / "service")
    OURS.issue("caller").write(folder / "client")
    OTHERS.issue("caller").write(folder / "stranger")
    mount_keys(folder / "keys", DETECTOR_ENTRY, MANAGER_ENTRY)
    return folder


@pytest.fixture(scope="module")
def stack(folder: Path, exported_models: Path) -> Iterator[Stack]:
    files = ("--tls-cert", folder / "service" / "tls.crt", "--tls-key", folder / "service" / "tls.key")
    yield from run(
        Stack(
            folder / "state",
            free_ports(1)[0],
            "haproxy",
            exported_models,
            (*files, "--tls-client-ca", folder / "ca.pem"),
            {"FACEGRID_API_KEYS_FILE": str(folder / "keys" / "keys.json")},
        )
    )


@pytest.fixture
def tls(folder: Path) -> facegrid.Tls:
    client = folder / "client"
    return facegrid.Tls(ca_file=folder / "ca.pem", cert_file=client / "tls.crt", key_file=client / "tls.key")


def connect(stack: Stack, tls: facegrid.Tls | None, key: str | None = None) -> facegrid.Client:
    return facegrid.connect(f"127.0.0.1:{stack.port}", tls=tls, api_key=key)


def test_a_known_caller_is_answered_within_its_scopes(stack: Stack, tls: facegrid.Tls, picture: bytes) -> None:
    with connect(stack, tls, DETECTOR) as detector, connect(stack, tls, MANAGER) as manager:
        assert detector.detect(picture)
        assert all(item.error is None for item in detector.detect_many([picture] * 3))
        with pytest.raises(facegrid.PermissionDenied, match="Enroll needs manage"):
            detector.enroll("Somebody", picture)
        with pytest.raises(facegrid.PermissionDenied, match="DetectStream needs detect"):
            list(manager.detect_many([picture]))
        assert manager.enroll("Somebody", picture).enrolled
        assert manager.identify(picture)[0].subject == "Somebody"
        manager.delete_subject("Somebody")


def test_no_call_passes_without_a_key_and_a_certificate(
    stack: Stack, tls: facegrid.Tls, folder: Path, picture: bytes
) -> None:
    for key in (None, make_key()[0]):
        with connect(stack, tls, key) as client, pytest.raises(facegrid.Unauthenticated):
            client.detect(picture)
    stranger = folder / "stranger"
    for wrong in (
        None,
        facegrid.Tls(ca_file=folder / "ca.pem"),
        facegrid.Tls(ca_file=folder / "ca.pem", cert_file=stranger / "tls.crt", key_file=stranger / "tls.key"),
        facegrid.Tls(ca_file=folder / "others.pem"),
    ):
        with connect(stack, wrong, DETECTOR) as client, pytest.raises(facegrid.Unavailable, match="--tls"):
            client.detect(picture)


def test_health_needs_a_certificate_but_no_key(stack: Stack, tls: facegrid.Tls) -> None:
    with connect(stack, tls) as client:
        assert client.health() is facegrid.Health.SERVING
    code, status = stack.status()
    assert (code, status["tls"]) == (0, True)
    assert {process["name"] for process in status["processes"]} == {"supervisor", "serve_host", "tls_proxy"}


def test_the_ingress_behind_is_on_loopback_and_every_port_asks_for_a_key(stack: Stack, picture: bytes) -> None:
    listening = set()
    for process in stack.processes():
        with suppress(psutil.NoSuchProcess):  # the process has ended since it was listed
            connections = process.net_connections("inet")
            listening |= {one.laddr for one in connections if one.status == psutil.CONN_LISTEN}
    ingress = {address.ip for address in listening if address.port == stack.state.ingress_port}
    assert ingress == {"127.0.0.1"}
    request = DetectRequest(image=picture)
    behind = stack.state.ingress_port
    assert _code(behind, request, timeout_s=30) is grpc.StatusCode.UNAUTHENTICATED  # without the proxy's help
    codes = {port: _code(port, request) for port in {address.port for address in listening} - {stack.port, behind}}
    assert grpc.StatusCode.OK not in codes.values(), codes


def _code(port: int, request: DetectRequest, timeout_s: float = 5) -> grpc.StatusCode:
    with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_retries", 0)]) as channel:
        try:
            FaceServiceStub(channel).Detect(request, timeout=timeout_s)
        except grpc.RpcError as err:
            return err.code()
    return grpc.StatusCode.OK


def test_a_key_that_is_revoked_is_refused_by_the_running_service(
    stack: Stack, folder: Path, tls: facegrid.Tls, picture: bytes
) -> None:
    """The key file is mounted as Kubernetes mounts a Secret."""
    mount_keys(folder / "keys", MANAGER_ENTRY)

    def refused() -> bool:
        with connect(stack, tls, DETECTOR) as client:
            try:
                client.detect(picture)
            except facegrid.Unauthenticated:
                return True
        return False

    eventually(refused, "the revoked key is refused")
    mount_keys(folder / "keys", MANAGER_ENTRY, DETECTOR_ENTRY)
    eventually(lambda: not refused(), "the key is admitted again")


def test_no_secret_is_in_a_log_or_in_ps(stack: Stack, folder: Path) -> None:
    shown = " ".join(commands(stack.processes()).values())
    logs = [path for path in (stack.state_dir / "logs").rglob("*") if path.is_file()]
    logged = " ".join(path.read_text(errors="replace") for path in logs)
    assert "refused calls" in logged  # the right logs
    assert f"--api-keys-file={folder}/keys/keys.json" in shown  # the proxy turns strangers away itself
    private = re.sub(r"-----.*-----|\s", "", (folder / "service" / "tls.key").read_text())
    for secret in (DETECTOR[12:], MANAGER[12:], private[:40]):
        assert secret not in shown
        assert secret not in logged
