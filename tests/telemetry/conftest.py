import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from orchestrator.settings import Settings
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.telemetry import Telemetry
from tests.doubles import FunctionPredictor, embedder, onet, rnet
from tests.hosts import running_host
from tests.pipeline.plain_pnet import pnet

NETWORKS = {"pnet": pnet, "rnet": rnet, "onet": onet, "embedder": embedder}


def png(width=96, height=80, level=255) -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(level).integers(level - level // 4, level + 1, (height, width, 3)).astype(np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    return stream.getvalue()


@contextmanager
def observed_host(**settings: object) -> Iterator[tuple[str, Telemetry]]:
    """The plain host with networks that are plain functions; gives HOST:PORT and what listens."""
    telemetry = Telemetry(Metrics())
    with running_host(Settings(**settings), FunctionPredictor(NETWORKS), telemetry) as address:
        yield address, telemetry


@pytest.fixture
def host():
    with observed_host(max_candidates=50) as running:
        yield running
