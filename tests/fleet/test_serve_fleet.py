"""What the serve host counts before it starts Ray."""

from argparse import Namespace
from pathlib import Path

import pytest

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.app.serve_fleet import ServeFleet, remember, starting_plan
from orchestrator.fleet.sizes import Size

MODEL_CONFIG = Path(__file__).resolve().parents[2] / "serving_configs" / "models.config"


@pytest.mark.parametrize(
    ("orchestrators", "servers", "least", "growth", "workers"),
    [
        (Size(1, 1), "1", 2, 0, 2),
        (Size(1, 3), "1", 2, 2, 4),
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


def test_a_restart_keeps_the_versions_of_the_start_until_a_rollout_changes_them(tmp_path: Path) -> None:
    run_dir, versions = tmp_path / "run", tmp_path / "versions.json"
    run_dir.mkdir()
    config = ModelServerConfig()
    config.model_config_list.config.add(name="pnet", base_path=str(tmp_path / "pnet"))

    def started_with(folder: Path = run_dir) -> int:
        return starting_plan(config, folder, versions).routes["pnet"].stable

    (tmp_path / "pnet" / "1").mkdir(parents=True)
    assert started_with() == 1
    (tmp_path / "pnet" / "2").mkdir()  # exported while the stack runs
    assert started_with() == 1
    remember(versions, {"pnet": 2})  # rolled out
    assert started_with() == 2
    versions.unlink()
    (tmp_path / "another").mkdir()
    assert started_with(tmp_path / "another") == 2  # the newest, at another `up`
