"""A real stack: model server, Ray, Ray Serve and ingress."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.app.ports import free_ports
from tests.cluster.stack import Stack, facegrid, run


@pytest.fixture(scope="module", params=["haproxy", "python"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    models_dir = request.getfixturevalue("exported_models")
    if request.param == "haproxy" and not sys.platform.startswith("linux"):
        pytest.skip("Ray brings HAProxy on Linux only")
    stack = Stack(tmp_path_factory.mktemp("stack"), free_ports(1)[0], request.param, Path(models_dir))
    yield from run(stack)


@pytest.fixture
def channel(stack: Stack) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{stack.port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=20)
        yield channel


@pytest.fixture
def service(channel: grpc.Channel) -> FaceServiceStub:
    return FaceServiceStub(channel)


@pytest.fixture(scope="session")
def picture(samples: Path) -> bytes:
    """An encoded picture with a face."""
    return (samples / "astronaut.png").read_bytes()


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    return facegrid
