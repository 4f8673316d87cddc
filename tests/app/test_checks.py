"""Each check passes at its limit, fails one beyond it, and says the number and what to do."""

import socket
from pathlib import Path

import psutil
import pytest

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.app import checks
from orchestrator.app.errors import StackError
from orchestrator.app.options import StackOptions
from orchestrator.app.ports import free_ports, require_free
from orchestrator.settings import Settings
from orchestrator.tls_files import ServerTls

MB = 2**20
TLS = ServerTls(cert=Path("none.crt"), key=Path("none.key"))


@pytest.mark.parametrize(("orchestrators", "servers", "needed_mb"), [(1, 1, 2400), (3, 1, 3200), (1, 3, 4200)])
def test_memory_is_enough_at_the_limit_and_too_little_one_byte_below(
    orchestrators: int, servers: int, needed_mb: int
) -> None:
    checks.require_memory(orchestrators, servers, needed_mb * MB)
    with pytest.raises(StackError, match=rf"{needed_mb - 1} MB .* {needed_mb} MB are needed") as caught:
        checks.require_memory(orchestrators, servers, needed_mb * MB - 1)
    assert "replicas" in caught.value.advice
    assert "process" in caught.value.message  # who holds most


def test_a_free_port_is_free() -> None:
    require_free(free_ports(1)[0])


def test_ports_are_different() -> None:
    assert len(set(free_ports(20))) == 20


def test_a_taken_port_is_refused_with_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} is taken by .*process {psutil.Process().pid}") as caught:
            require_free(port)
    assert "--port" in caught.value.advice
    require_free(port)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (StackOptions(port=0), "port 0"),
        (StackOptions(port=65536), "port 65536"),
        (StackOptions(autoscale=0), "--autoscale 0"),
        (StackOptions(autoscale=1001), "--autoscale 1001"),
        (StackOptions(server_gpus=-0.5), "-0.5 gpus"),
        (StackOptions(server_cpus=float("nan")), "nan cpus"),
        (StackOptions(ingress="nginx"), "'nginx'"),
        (StackOptions(host="localhost"), "'localhost'"),
        (StackOptions(host="10.0.0.1"), "'10.0.0.1'"),
        (StackOptions(tls=TLS, ingress="python"), "the python ingress"),
        (StackOptions(tls=TLS, ingress="haproxy", ray_address="10.0.0.1:6379"), "Ray cluster"),
        (StackOptions(tls=TLS, ingress="haproxy", servers="2"), "none.crt cannot be read"),
        (StackOptions(timeout_s=0), "0 s"),
        (StackOptions(timeout_s=float("nan")), "nan s"),
    ],
)
def test_an_option_out_of_its_range_is_refused(options: StackOptions, said: str) -> None:
    with pytest.raises(StackError, match=said):
        checks.require_options(options)


@pytest.mark.parametrize("options", [StackOptions(port=1), StackOptions(port=65535), StackOptions(autoscale=1000)])
def test_an_option_at_its_limit_is_taken(options: StackOptions) -> None:
    checks.require_options(options)


@pytest.mark.parametrize("content", [None, "latest", "1.partial"])
def test_a_model_without_a_version_is_refused_by_name(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "pnet" / "1").mkdir(parents=True)
    if content:
        (tmp_path / "rnet" / content).mkdir(parents=True)
    config = ModelServerConfig()
    for name in ("pnet", "rnet"):
        config.model_config_list.config.add(name=name, base_path=str(tmp_path / name))
    with pytest.raises(StackError, match=f"no version of rnet: .*{tmp_path}/rnet") as caught:
        checks.require_models(config, Settings())
    assert "facegrid export" in caught.value.advice
    (tmp_path / "rnet" / "2").mkdir(parents=True)
    checks.require_models(config, Settings())


def test_the_embedder_that_the_settings_name_is_required(tmp_path: Path) -> None:
    (tmp_path / "embedder" / "1").mkdir(parents=True)
    config = ModelServerConfig()
    config.model_config_list.config.add(name="embedder", base_path=str(tmp_path / "embedder"))
    checks.require_models(config, Settings(embedder_version=1))
    with pytest.raises(
        StackError, match=f"EMBEDDER_VERSION is 2, and there is no folder {tmp_path}/embedder/2"
    ) as caught:
        checks.require_models(config, Settings(embedder_version=2))
    assert "facegrid export embedder --version 2" in caught.value.advice
