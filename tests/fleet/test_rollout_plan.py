"""What a fleet serves at its start, and what a change of version makes of it."""

from pathlib import Path

import pytest

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.app.options import SERVING_CONFIG
from orchestrator.fleet.model_config import local_model_config, read_model_config
from orchestrator.fleet.rollout_plan import RolloutPlan, initial_plan
from orchestrator.predict.versions import Route


@pytest.fixture
def config(tmp_path: Path) -> ModelServerConfig:
    for name, versions in {"pnet": (1, 2, 10), "rnet": (1,), "onet": (3,), "embedder": (1, 2)}.items():
        for version in versions:
            (tmp_path / name / str(version)).mkdir(parents=True)
    (tmp_path / "pnet" / "11.partial").mkdir()
    return local_model_config(read_model_config(SERVING_CONFIG), tmp_path)


def models(plan: RolloutPlan) -> dict:
    return {one.name: one for one in plan.config.model_config_list.config}


def test_the_newest_version_is_stable_and_no_other_is_loaded(config: ModelServerConfig) -> None:
    plan = initial_plan(config, {})
    assert plan.generation == 1
    assert plan.routes == {"pnet": Route(stable=10), "rnet": Route(stable=1), "onet": Route(stable=3)}
    assert list(models(plan)["pnet"].model_version_policy.specific.versions) == [10]
    assert models(plan)["pnet"].version_labels == {"stable": 10}


def test_a_remembered_version_stays_unless_it_is_gone(config: ModelServerConfig) -> None:
    assert initial_plan(config, {"pnet": 2, "onet": 2}).routes["pnet"].stable == 2
    assert initial_plan(config, {"pnet": 2, "onet": 2}).routes["onet"].stable == 3


def test_embedders_are_all_kept_and_follow_the_settings_until_one_was_promoted(config: ModelServerConfig) -> None:
    plan = initial_plan(config, {})
    assert models(plan)["embedder"].model_version_policy.WhichOneof("policy_choice") == "all"
    assert "embedder" not in plan.routes
    assert initial_plan(config, {"embedder": 2}).routes["embedder"].stable == 2


def test_a_plan_comes_back_as_it_was_written(config: ModelServerConfig) -> None:
    plan = initial_plan(config, {}).with_versions("pnet", [2, 10], {"stable": 10, "canary": 2})
    plan = plan.with_route("pnet", Route(stable=10, canary=2, share=0.1))
    again = RolloutPlan.decode(plan.encode())
    assert (again.generation, again.config, again.routes) == (3, plan.config, plan.routes)


def test_a_change_leaves_the_plan_before_it_as_it_was(config: ModelServerConfig) -> None:
    plan = initial_plan(config, {})
    before = plan.encode()
    changed = plan.with_versions("pnet", [2, 10], {"stable": 10, "canary": 2}).with_route("pnet", Route(stable=2))
    assert plan.encode() == before
    assert changed.encode() != before


def test_a_server_is_given_its_own_models_alone(config: ModelServerConfig) -> None:
    given = initial_plan(config, {}).config_of(["embedder"])
    assert [one.name for one in given.model_config_list.config] == ["embedder"]
