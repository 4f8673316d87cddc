import pytest

from tests.telemetry.observed_host import observed_host


@pytest.fixture
def host():
    with observed_host(max_candidates=50) as running:
        yield running
