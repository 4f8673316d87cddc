"""What the serve host's environment says to Ray."""

import stat
from pathlib import Path

import pytest

from orchestrator.app.errors import StackError
from orchestrator.app.ingress import ingress_environment
from orchestrator.app.ray_environment import ray_environment


def test_rays_ports_ask_for_a_secret_that_only_this_user_can_read(tmp_path: Path) -> None:
    env = ray_environment({}, tmp_path)
    token = Path(env["RAY_AUTH_TOKEN_PATH"])
    assert env["RAY_AUTH_MODE"] == "token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert len(token.read_text()) == 64
    assert ray_environment({}, tmp_path)["RAY_AUTH_TOKEN_PATH"] == str(token)


def test_another_cluster_of_the_user_is_not_joined_and_nothing_is_reported(tmp_path: Path) -> None:
    env = ray_environment({"RAY_ADDRESS": "10.0.0.1:6379", "RAY_AUTH_TOKEN": "x", "FACEGRID_X": "1"}, tmp_path)
    assert "RAY_ADDRESS" not in env
    assert "RAY_AUTH_TOKEN" not in env
    assert env["FACEGRID_X"] == "1"
    assert env["RAY_USAGE_STATS_ENABLED"] == "0"


def test_two_haproxy_stacks_share_no_port_and_no_file(tmp_path: Path) -> None:
    first = ingress_environment("haproxy", tmp_path / "a")
    second = ingress_environment("haproxy", tmp_path / "b")
    own = [name for name in first if name.endswith(("_PORT", "_PATH", "_LOC", "_BASE", "_FILE"))]
    own = [name for name in own if "DIRECT_INGRESS" not in name]  # test_ports.py has those
    assert len(own) == 9
    assert all(first[name] != second[name] for name in own)


@pytest.mark.parametrize("ingress", ["haproxy", "python"])
def test_handlers_run_on_the_loop_that_reads_the_network(tmp_path: Path, ingress: str) -> None:
    assert ingress_environment(ingress, tmp_path)["RAY_SERVE_THROUGHPUT_OPTIMIZED"] == "1"


def test_an_unknown_ingress_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="'nginx'"):
        ingress_environment("nginx", tmp_path)
