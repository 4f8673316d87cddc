"""The plain host with networks that are plain functions, and the telemetry that observes it."""

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.settings import Settings
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.telemetry import Telemetry
from tests.support.doubles import FunctionPredictor, embedder, onet, rnet
from tests.support.hosts import running_host
from tests.support.plain_pnet import pnet

NETWORKS = {"pnet": pnet, "rnet": rnet, "onet": onet, "embedder": embedder}


@contextmanager
def observed_host(**settings: object) -> Iterator[tuple[str, Telemetry]]:
    """Serves until the end of the block; gives HOST:PORT and the telemetry."""
    telemetry = Telemetry(Metrics())
    with running_host(Settings(**settings), FunctionPredictor(NETWORKS), telemetry) as address:
        yield address, telemetry
