import time
from collections.abc import Callable

import pytest


@pytest.fixture
def until() -> Callable[..., None]:
    def wait(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"not so within {timeout_s} s"
            time.sleep(0.01)

    return wait
