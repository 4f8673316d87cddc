"""Ports for a stack's own use."""

import socket

import pytest

from orchestrator.app.errors import StackError
from orchestrator.app.ingress import ingress_environment
from orchestrator.app.ports import free_block, free_ports

FIRST = 19_000


@pytest.fixture
def shared_port():
    """Somebody listens on a port that may be shared, on every interface, as replicas of Ray Serve do."""
    with socket.socket(socket.AF_INET6) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("::", FIRST + 3))
        listener.listen()
        yield FIRST + 3


@pytest.mark.usefixtures("shared_port")
def test_a_block_in_which_somebody_listens_is_not_taken():
    assert {free_block(FIRST, FIRST + 9, 5) for _ in range(20)} == {range(FIRST + 5, FIRST + 10)}
    with pytest.raises(StackError, match=f"no 5 free ports in a row from {FIRST} to {FIRST + 4}"):
        free_block(FIRST, FIRST + 4, 5)


def test_stacks_have_replica_ports_of_their_own(tmp_path):
    """Fifty blocks of each kind: of twenty stacks, some would coincide, but never all."""
    env = [ingress_environment("haproxy", tmp_path) for _ in range(20)]
    for kind in ("HTTP", "GRPC"):
        low = {int(one[f"RAY_SERVE_DIRECT_INGRESS_MIN_{kind}_PORT"]) for one in env}
        high = {int(one[f"RAY_SERVE_DIRECT_INGRESS_MAX_{kind}_PORT"]) for one in env}
        assert len(low) > 5
        assert high == {port + 99 for port in low}


def test_a_port_that_is_given_is_not_given_again():
    given = [port for _ in range(50) for port in free_ports(4)]
    assert len(set(given)) == 200


def test_a_port_that_somebody_listens_on_is_not_given(monkeypatch):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        monkeypatch.setattr("orchestrator.app.ports._OWN_PORTS", range(port, port + 1))
        with pytest.raises(StackError, match=f"of the ports {port} to {port} 0 are free, 1 are needed"):
            free_ports(1)
