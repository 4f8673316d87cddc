from collections.abc import Callable
from functools import partial

import pytest

from tests.support.polling import eventually


@pytest.fixture
def until() -> Callable[..., None]:
    return partial(eventually, timeout_s=20.0)
