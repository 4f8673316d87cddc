import threading
from collections.abc import Iterator

import numpy as np
import pytest

from facegrid.client.sync import Client, connect
from tests.client.face_server import FaceServer
from tests.support.polling import eventually
from tests.support.ports import held_port


@pytest.fixture
def server():
    with FaceServer() as running:
        yield running


@pytest.fixture
def client(server) -> Client:
    with connect(server.target) as connected:
        yield connected


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port without a listener."""
    with held_port() as holder:
        yield holder.getsockname()[1]


@pytest.fixture
def threads_end():
    """Fails when the test leaves a thread of ours or of gRPC's request side behind."""
    before = set(threading.enumerate())
    yield
    eventually(lambda: left_behind(before) == [])


def left_behind(before: set[threading.Thread]) -> list[str]:
    # gRPC's asyncio poller lives until the last of its servers and channels is collected.
    return [thread.name for thread in set(threading.enumerate()) - before if "_poll_wrapper" not in thread.name]


@pytest.fixture
def photo() -> np.ndarray:
    """Pixels that no lossy format keeps."""
    return np.random.default_rng(7).integers(0, 256, (41, 67, 3), np.uint8)
