"""Ray Serve's own autoscaling with short times; by default it averages over 30 s, reports every 10 s, waits 30 s."""

import warnings
from typing import Any

from ray.serve.config import AutoscalingConfig

from orchestrator.fleet.sizes import Size

_REPORT_S = 0.5
"""Pause between two reports of a replica's load."""
_LOOK_BACK_S = 2.0


def quick_scaling(size: Size, **options: Any) -> AutoscalingConfig:
    """Returns the configuration of a deployment whose number of replicas follows the load within seconds.

    Args:
        size: Least and greatest number of replicas.
        options: Further fields of `AutoscalingConfig`.
    """
    with warnings.catch_warnings():
        # Deprecated in favour of variables that Ray 2.60 reads and uses nowhere (tests/fleet/test_scaling.py).
        warnings.simplefilter("ignore", DeprecationWarning)
        return AutoscalingConfig(
            min_replicas=size.low,
            max_replicas=size.high,
            metrics_interval_s=_REPORT_S,
            look_back_period_s=_LOOK_BACK_S,
            **options,
        )
