"""What a fleet serves: the versions that every server loads, and the routes of requests to them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from google.protobuf import text_format

from facegrid.tfserving.v1.model_server_config_pb2 import ModelConfig, ModelServerConfig
from orchestrator.fleet.store import RayStore
from orchestrator.predict.versions import Route

PLAN = "plan"
STABLE, CANARY = "stable", "canary"
"""Labels of versions on the model servers; orchestrators ask for numbers (orchestrator/predict/versions.py)."""


@dataclass(frozen=True)
class RolloutPlan:
    """One state of what is served; each change is a new plan with the next generation."""

    generation: int
    config: ModelServerConfig
    """The models with their folders and the versions to load."""
    routes: Mapping[str, Route] = field(default_factory=dict)
    """By model; for a model without a route the newest version of each server answers."""

    def encode(self) -> bytes:
        """Returns the plan as JSON."""
        config = text_format.MessageToString(self.config)
        routes = {model: asdict(route) for model, route in self.routes.items()}
        return json.dumps({"generation": self.generation, "config": config, "routes": routes}).encode()

    @classmethod
    def decode(cls, value: bytes) -> "RolloutPlan":
        """Returns the plan that `encode` wrote."""
        fields = json.loads(value)
        config = text_format.Parse(fields["config"], ModelServerConfig())
        routes = {model: Route(**route) for model, route in fields["routes"].items()}
        return cls(fields["generation"], config, routes)

    def with_versions(self, model: str, versions: Iterable[int], labels: Mapping[str, int]) -> "RolloutPlan":
        """Returns the next plan, in which the servers of a model load exactly these versions."""
        config = ModelServerConfig()
        config.CopyFrom(self.config)
        for one in config.model_config_list.config:
            if one.name == model:
                _set_versions(one, versions, labels)
        return replace(self, generation=self.generation + 1, config=config)

    def with_route(self, model: str, route: Route) -> "RolloutPlan":
        """Returns the next plan, in which requests for a model follow another route."""
        return replace(self, generation=self.generation + 1, routes={**self.routes, model: route})

    def config_of(self, models: Iterable[str]) -> ModelServerConfig:
        """Returns the config of a server that has only these models."""
        wanted = set(models)
        config = ModelServerConfig()
        config.model_config_list.config.extend(
            one for one in self.config.model_config_list.config if one.name in wanted
        )
        return config


async def read_rollout_plan(store: RayStore) -> RolloutPlan | None:
    """Returns the plan in force, or None where there is none yet.

    Raises:
        StoreUnavailable: Ray's head service does not answer.
    """
    value = await store.get(PLAN)
    return None if value is None else RolloutPlan.decode(value)


def initial_plan(config: ModelServerConfig, remembered: Mapping[str, int]) -> RolloutPlan:
    """Returns the first plan of a fleet: the stable version of each network is the remembered one, else the newest.

    So a version that appears in a folder later is served only after a rollout. A model that keeps all its versions,
    and one whose folder cannot be listed on this machine, stays as its config says.

    Args:
        config: The operator's.
        remembered: Stable version of networks by name, as the last fleet left them.
    """
    plan = RolloutPlan(0, config)
    for one in config.model_config_list.config:
        there = versions_in(Path(one.base_path))
        if not there:
            continue
        stable = remembered[one.name] if remembered.get(one.name) in there else max(there)
        if one.model_version_policy.WhichOneof("policy_choice") != "all":
            plan = plan.with_versions(one.name, [stable], {STABLE: stable})
            plan = plan.with_route(one.name, Route(stable=stable))
        elif one.name in remembered:
            plan = plan.with_route(one.name, Route(stable=stable))
    return replace(plan, generation=1)


def versions_in(folder: Path) -> set[int]:
    """Returns the numbers of a model's versions; none where this machine does not have the folder."""
    if not folder.is_dir():
        return set()
    return {int(child.name) for child in folder.iterdir() if child.name.isdecimal() and child.is_dir()}


def loaded_versions(config: ModelConfig) -> set[int]:
    """Returns the versions that a model's config names; none where it loads those that it finds."""
    return set(config.model_version_policy.specific.versions)


def _set_versions(config: ModelConfig, versions: Iterable[int], labels: Mapping[str, int]) -> None:
    config.ClearField("model_version_policy")
    config.model_version_policy.specific.versions.extend(sorted(versions))
    config.ClearField("version_labels")
    config.version_labels.update(labels)
