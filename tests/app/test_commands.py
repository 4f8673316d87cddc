"""Which processes a stack has, what they are given, and which of them is to blame when nobody answers."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.app.commands import part_names, serve_host_command, serve_host_environment, tls_proxy_command
from orchestrator.app.options import StackOptions
from orchestrator.app.serve_host import build_parser as serve_host_parser
from orchestrator.app.state import StackState, StateFolder
from orchestrator.app.tls_proxy import build_parser as tls_proxy_parser
from orchestrator.app.up import late_part
from orchestrator.settings import MODEL_SERVER_TLS_VARIABLES, Settings
from orchestrator.tls_files import ServerTls
from tests.app.example_state import some_state


@pytest.fixture
def state(tmp_path: Path) -> StackState:
    return replace(some_state(tmp_path), orchestrators="1-3")


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def test_a_whole_stack_has_these_parts(state: StackState) -> None:
    assert part_names(state) == ["serve_host"]
    assert part_names(replace(state, ingress_port=9002)) == ["serve_host", "tls_proxy"]


def test_the_serve_host_understands_its_command(state: StackState, folder: StateFolder) -> None:
    secured = replace(state, ingress_port=9002, servers="pnet=2")
    for one, host in ((state, "0.0.0.0"), (secured, "127.0.0.1")):
        command = serve_host_command(one, StackOptions(host="0.0.0.0"), folder)
        assert serve_host_parser().parse_args(command[3:]).host == host
    for one, port in ((state, 9001), (secured, 9002)):  # behind a proxy the ingress has a port of its own
        args = serve_host_parser().parse_args(serve_host_command(one, StackOptions(server_cpus=0.5), folder)[3:])
        assert (args.port, args.servers, str(args.orchestrators)) == (port, one.servers, "1-3")
        assert (args.server_cpus, args.ray_address, args.model_config) == (0.5, "", one.config_file)


def test_the_proxy_understands_its_command(state: StackState, tmp_path: Path) -> None:
    secured = replace(state, ingress_port=9002)
    tls = ServerTls(cert=tmp_path / "a", key=tmp_path / "b", client_ca=tmp_path / "c")
    env = {"FACEGRID_API_KEYS_FILE": str(tmp_path / "keys.json")}
    args = tls_proxy_parser().parse_args(tls_proxy_command(secured, tls, env)[3:])
    assert args.api_keys_file == tmp_path / "keys.json"
    assert (args.port, args.ingress_port, args.cert, args.client_ca) == (9001, 9002, tmp_path / "a", tmp_path / "c")
    args = tls_proxy_parser().parse_args(tls_proxy_command(secured, replace(tls, client_ca=None), {})[3:])
    assert (args.client_ca, args.api_keys_file) == (None, None)


def test_what_the_stack_decides_wins_over_the_callers_settings(state: StackState, folder: StateFolder) -> None:
    callers = {
        "FACEGRID_MODEL_SERVERS": "elsewhere:8500",
        "FACEGRID_TIMEOUT_S": "7",
        "FACEGRID_METRICS_ADDRESS": "127.0.0.1:9100-9110",
        "RAY_ADDRESS": "elsewhere:6379",
        **dict.fromkeys(MODEL_SERVER_TLS_VARIABLES, "/nowhere"),
    }
    found = serve_host_environment(state, StackOptions(), folder, callers)
    settings = Settings.from_environment(found)
    assert settings.model_servers == "ray"
    assert (settings.timeout_s, settings.metrics_address) == (7.0, "127.0.0.1:9100-9110")
    assert settings.model_server_tls() is None
    assert settings.gallery == str(folder.path / "gallery")
    assert "RAY_ADDRESS" not in found
    plain = serve_host_environment(state, StackOptions(), folder, {})
    assert Settings.from_environment(plain).metrics_address == "127.0.0.1:0"


def test_on_a_cluster_rays_variables_are_those_of_its_nodes(state: StackState, folder: StateFolder) -> None:
    found = serve_host_environment(state, StackOptions(ray_address="auto"), folder, {"RAY_NAMESPACE": "ours"})
    assert {name: value for name, value in found.items() if name.startswith("RAY_")} == {"RAY_NAMESPACE": "ours"}


def test_whose_log_says_why_nothing_answers(state: StackState) -> None:
    assert late_part(state, set()) == "serve_host"
    assert late_part(state, {"model_server", "ray", "ready"}) == "serve_host"
    with socket.socket() as proxy:
        proxy.bind(("127.0.0.1", 0))
        secured = replace(state, port=proxy.getsockname()[1], ingress_port=9002)
        assert late_part(secured, {"model_server", "ray"}) == "serve_host"
        assert late_part(secured, {"model_server", "ray", "ready"}) == "tls_proxy"
        proxy.listen()
        assert late_part(secured, {"model_server", "ray", "ready"}) == "serve_host"
