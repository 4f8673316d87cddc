"""How often replicas report their load, and that Ray has no other way yet to be told."""

import warnings
from pathlib import Path

import pytest

from orchestrator.fleet.sizes import Size

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Ray's own classes warn of themselves
    import ray.serve

    from orchestrator.deployments.scaling import quick_scaling

DEPRECATED = "metrics_interval_s"
IN_ITS_PLACE = tuple(f"RAY_SERVE_{who}_AUTOSCALING_METRIC_PUSH_INTERVAL_S" for who in ("REPLICA", "HANDLE"))


@pytest.fixture(scope="module")
def rays_sources() -> dict[str, str]:
    (folder,) = ray.serve.__path__
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.py")}


def test_rays_own_rules_are_quick() -> None:
    config = quick_scaling(Size(2, 5), target_ongoing_requests=4, upscale_delay_s=0.5)
    assert (config.min_replicas, config.max_replicas, config.metrics_interval_s) == (2, 5, 0.5)
    assert config.look_back_period_s > 3 * config.metrics_interval_s


def test_replicas_report_as_often_as_the_deprecated_field_says(rays_sources: dict[str, str]) -> None:
    assert f"autoscaling_config.{DEPRECATED}," in rays_sources["_private/replica.py"]
    assert f"autoscaling_config.{DEPRECATED}," in rays_sources["_private/router.py"]


@pytest.mark.parametrize("variable", IN_ITS_PLACE)
def test_ray_reads_the_variables_in_its_place_but_uses_them_nowhere(
    variable: str, rays_sources: dict[str, str]
) -> None:
    """Once this fails, Ray has begun to use them: set them in place of the field."""
    naming = {name for name, source in rays_sources.items() if variable in source}
    assert naming == {"_private/constants.py", "config.py"}  # where they are read, and where they are advertised
