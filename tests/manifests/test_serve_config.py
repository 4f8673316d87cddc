"""The configuration of Ray Serve within the RayService; Ray itself accepts unknown keys silently."""

import copy
import inspect
import typing
from importlib import import_module
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import ServeDeploySchema

from exporters.signatures import CONTRACTS
from orchestrator.app.serve_host import APPLICATION, SERVICES
from orchestrator.deployments.face import application, face_deployment
from orchestrator.settings import Settings, SettingsError
from tests.manifests.rendered import config_map, everything, of_kind, overlay

Config = dict[str, Any]

QUIETLY = pytest.mark.filterwarnings("ignore:The `metrics_interval_s` field:DeprecationWarning")
"""Ray says that a field is deprecated in favour of variables that it does not read (tests/fleet/test_scaling.py)."""


def serve_configs() -> dict[str, Config]:
    """Each different one, with where it was found."""
    found = {}
    for where, docs in everything():
        (service,) = of_kind(docs, "RayService")
        found.setdefault(service["spec"]["serveConfigV2"], where)
    return {where: yaml.safe_load(text) for text, where in found.items()}


def unknown_keys(model: type[BaseModel], data: Config, where: str = "") -> list[str]:
    """Keys of the data that are no fields of the model or of the models within it."""
    found = [f"{where}{key}" for key in data if key not in model.model_fields]
    for key, value in data.items():
        inner = _model_in(model.model_fields[key].annotation) if key in model.model_fields else None
        for index, one in enumerate(value if isinstance(value, list) else [value]):
            if inner is not None and isinstance(one, dict):
                found += unknown_keys(inner, one, f"{where}{key}.{index}.")
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    models = [model for part in typing.get_args(annotation) if (model := _model_in(part)) is not None]
    return models[0] if models else None


@QUIETLY
def test_ray_serve_knows_every_key_and_takes_every_value():
    configs = serve_configs()
    assert len(configs) == 2  # the base's, and the local overlay's
    for where, config in configs.items():
        assert unknown_keys(ServeDeploySchema, config) == [], where
        ServeDeploySchema.model_validate(config)
        for deployment in config["applications"][0]["deployments"]:
            AutoscalingConfig(**deployment["autoscaling_config"])


@pytest.mark.parametrize(
    "path",
    [
        ("grpc_option",),
        ("http_options", "prt"),
        ("applications", 0, "import_pat"),
        ("applications", 0, "deployments", 0, "max_ongoing"),
        ("applications", 0, "deployments", 0, "autoscaling_config", "min_replica"),
        ("applications", 0, "deployments", 0, "ray_actor_options", "num_cpu"),
    ],
)
def test_the_check_notices_a_misspelt_key_that_ray_does_not(path):
    config = copy.deepcopy(next(iter(serve_configs().values())))
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = 1
    assert len(unknown_keys(ServeDeploySchema, config)) == 1


def test_the_local_overlay_differs_in_the_number_of_replicas_alone():
    def without_bounds(config: Config) -> Config:
        config = copy.deepcopy(config)
        autoscaling = config["applications"][0]["deployments"][0]["autoscaling_config"]
        del autoscaling["min_replicas"], autoscaling["max_replicas"]
        return config

    base, local = (without_bounds(config) for config in serve_configs().values())
    assert base == local


def test_names_ports_and_services_are_those_of_the_code():
    for where, config in serve_configs().items():
        assert config["grpc_options"]["grpc_servicer_functions"] == SERVICES, where
        (deployed,) = config["applications"]
        assert deployed["name"] == APPLICATION
        module, _, name = deployed["import_path"].partition(":")
        assert getattr(import_module(module), name) is application
        assert [one["name"] for one in deployed["deployments"]] == [face_deployment.name]


def test_ports_are_those_of_the_containers_and_the_service():
    for where, docs in everything():
        (service,) = of_kind(docs, "RayService")
        config = yaml.safe_load(service["spec"]["serveConfigV2"])
        (port,) = service["spec"]["serveService"]["spec"]["ports"]
        cluster = service["spec"]["rayClusterConfig"]
        groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
        for group in groups:
            (container,) = group["template"]["spec"]["containers"]
            ports = {one["name"]: one["containerPort"] for one in container["ports"]}
            assert ports["serve-grpc"] == config["grpc_options"]["port"] == port["port"], where
            assert ports["serve"] == config["http_options"]["port"], where
            assert port["name"] == "serve-grpc"


def test_replicas_find_room_and_calls_end_before_the_pod_does():
    for where, docs in everything():
        (service,) = of_kind(docs, "RayService")
        (deployed,) = yaml.safe_load(service["spec"]["serveConfigV2"])["applications"][0]["deployments"]
        (group,) = service["spec"]["rayClusterConfig"]["workerGroupSpecs"]
        autoscaling, cpus = deployed["autoscaling_config"], deployed["ray_actor_options"]["num_cpus"]
        room = int(group["rayStartParams"]["num-cpus"]) // cpus
        assert autoscaling["max_replicas"] <= group["maxReplicas"] * room, where
        settings = Settings.from_environment(config_map(docs, "orchestrator"))
        assert autoscaling["target_ongoing_requests"] <= max(2, settings.max_images_at_once - 1), where
        grace_s = group["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace_s > face_deployment._deployment_config.graceful_shutdown_timeout_s > settings.timeout_s


@QUIETLY
def test_load_is_reported_several_times_within_the_time_that_the_autoscaler_looks_back():
    for where, config in serve_configs().items():
        (deployed,) = config["applications"][0]["deployments"]
        autoscaling = AutoscalingConfig(**deployed["autoscaling_config"])
        assert 3 * autoscaling.metrics_interval_s <= autoscaling.look_back_period_s, where
    assert "METRIC_PUSH_INTERVAL" not in str(everything()), "Ray does not read these variables"


def test_every_replica_of_a_pod_has_a_port_for_its_metrics():
    for where, docs in everything():
        (service,) = of_kind(docs, "RayService")
        (group,) = service["spec"]["rayClusterConfig"]["workerGroupSpecs"]
        _, _, ports = config_map(docs, "orchestrator")["FACEGRID_METRICS_ADDRESS"].rpartition(":")
        first, last = map(int, ports.split("-"))
        (container,) = group["template"]["spec"]["containers"]
        named = {one["containerPort"] for one in container["ports"] if one["name"].startswith("replica-")}
        assert named == set(range(first, last + 1)), where
        assert len(named) == int(group["rayStartParams"]["num-cpus"]), where


def test_the_application_takes_settings_by_name_over_the_environment(monkeypatch):
    for name, value in config_map(overlay("local"), "orchestrator").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FACEGRID_TIMEOUT_S", "7")
    bound = application({"timeout_s": 5, "max_candidates": 100})._bound_deployment.init_args[0]
    assert (bound.timeout_s, bound.max_candidates, bound.gallery) == (5.0, 100, "/gallery")
    assert bound.targets().keys() == CONTRACTS.keys()
    assert application({})._bound_deployment.init_args[0].timeout_s == 7.0


@pytest.mark.parametrize(
    ("args", "words"),
    [({"time_out_s": 5}, "there is no setting time_out_s"), ({"timeout_s": "soon"}, "FACEGRID_TIMEOUT_S is 'soon'")],
)
def test_arguments_that_cannot_be_used_are_refused(args, words):
    with pytest.raises(SettingsError, match=words):
        application(args)


def test_it_is_our_own_admission_that_refuses_and_not_rays():
    waiting = Settings().max_images_at_once + Settings().max_images_queued
    assert face_deployment._deployment_config.max_ongoing_requests > 4 * waiting  # there may be streams, too
