"""What the serve host counts before it starts Ray."""

from argparse import Namespace
from pathlib import Path

import pytest

from orchestrator.app.serve_fleet import ServeFleet
from orchestrator.fleet.sizes import Size

MODEL_CONFIG = Path(__file__).resolve().parents[2] / "serving_configs" / "models.config"


@pytest.mark.parametrize(
    ("orchestrators", "servers", "least", "growth", "workers"),
    [
        (Size(1, 1), "", 1, 0, 1),
        (Size(1, 3), "", 1, 2, 3),
        (Size(2, 2), "2", 4, 0, 4),
        (Size(1, 3), "embedder=1-3", 3, 4, 7),  # the other networks share one server more
    ],
)
def test_replicas_that_there_always_are_and_that_may_come(
    orchestrators: Size, servers: str, least: int, growth: int, workers: int
) -> None:
    fleet = ServeFleet(
        Namespace(orchestrators=orchestrators, servers=servers, model_config=MODEL_CONFIG, server_cpus=1.0),
        embedder_version=1,
    )
    assert (fleet.least, fleet.growth, fleet.workers) == (least, growth, workers)
