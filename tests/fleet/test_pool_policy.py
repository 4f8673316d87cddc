"""Ray Serve's question is answered by our rules, from the newest report of any replica."""

import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.fleet.sizes import Pool, Size

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Ray's own classes warn of themselves
    from ray.serve.config import AutoscalingContext

    from orchestrator.deployments import model_server
    from orchestrator.deployments.model_server import PoolPolicy, ServerOptions, model_servers


def report(at_s: float, value: float) -> SimpleNamespace:
    return SimpleNamespace(timestamp=at_s, value=value)


def context(running: int, target: int, **reports: dict[str, list[SimpleNamespace]]) -> AutoscalingContext:
    unused = dict.fromkeys(
        ("deployment_id", "app_name", "aggregated_metrics", "last_scale_up_time", "last_scale_down_time", "config")
    )
    return AutoscalingContext(
        **unused,
        deployment_name="ModelServer_embedder",
        current_num_replicas=running,
        target_num_replicas=target,
        running_replicas=[],
        total_num_requests=0,
        total_queued_requests=0,
        raw_metrics=reports,
        capacity_adjusted_min_replicas=1,
        capacity_adjusted_max_replicas=3,
        policy_state={},
        current_time=0,
    )


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now_s = [100.0]
    monkeypatch.setattr(model_server, "time", SimpleNamespace(monotonic=lambda: now_s[0]))

    def pass_time(seconds: float) -> None:
        now_s[0] += seconds

    return pass_time


def test_the_newest_report_decides_whoever_made_it(later: Callable[[float], None]) -> None:
    policy = PoolPolicy(least=1, most=3, up_delay_s=1)
    old, new = [report(1, 0.0), report(5, 0.0)], [report(2, 0.0), report(6, 6.0)]
    load = {"in_flight": {"a": old, "b": new}, "queue_s": {"a": [], "b": [report(6, 0.0)]}}
    assert policy(context(1, 1, **load)) == (1, {})
    later(1)
    assert policy(context(1, 1, **load)) == (3, {})


def test_without_any_report_nothing_is_wanted(later: Callable[[float], None]) -> None:
    policy = PoolPolicy(least=1, most=3, up_delay_s=1)
    for _ in range(3):
        assert policy(context(1, 1)) == (1, {})
        later(1)


def test_a_deployment_that_scales_looks_often_and_leaves_the_delays_to_the_rules() -> None:
    pool = Pool("embedder", ("embedder",), Size(1, 3))
    options = ServerOptions(folder=Path("/run"), logs=Path("/run"))
    # Ray Serve offers no other way to see what it was given.
    config = model_servers(pool, options)._bound_deployment._deployment_config.autoscaling_config
    assert (config.min_replicas, config.max_replicas) == (1, 3)
    assert (config.upscale_delay_s, config.downscale_delay_s, config.metrics_interval_s) == (0, 0, 0.5)
    assert config.policy.policy_kwargs["most"] == 3
