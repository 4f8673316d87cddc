"""Builds the telemetry that settings and environment ask for."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.settings import Settings, SettingsError
from orchestrator.telemetry.endpoint import MetricsEndpoint
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.telemetry import Telemetry

if TYPE_CHECKING:
    from orchestrator.telemetry.tracing import Tracing

SERVICE_NAME = "facegrid-orchestrator"

_COLLECTOR = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOL = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def build_telemetry(settings: Settings, env: Mapping[str, str] = os.environ) -> Telemetry:
    """Returns the observer of a service with these settings, not yet started.

    Args:
        settings: Where metrics are served.
        env: Environment with OpenTelemetry's variables.

    Raises:
        SettingsError: A variable holds a value that cannot be used.
    """
    metrics = Metrics()
    targets_dir = Path(settings.metrics_targets_dir) if settings.metrics_targets_dir else None
    endpoint = None
    if settings.metrics_address:
        endpoint = MetricsEndpoint(metrics.registry, settings.metrics_address, targets_dir)
    return Telemetry(metrics, endpoint, _tracing(env))


def _tracing(env: Mapping[str, str]) -> "Tracing | None":
    """Returns the sender of spans; None if no collector is named, and then OpenTelemetry is not loaded."""
    is_off = env.get("OTEL_SDK_DISABLED", "").lower() == "true" or env.get("OTEL_TRACES_EXPORTER") == "none"
    if is_off or not any(env.get(name) for name in _COLLECTOR):
        return None
    for name in _PROTOCOL:
        if env.get(name) not in (None, "", "grpc"):
            raise SettingsError(f"{name} is {env[name]!r}, expected grpc")
    from orchestrator.telemetry.tracing import otlp_tracing  # noqa: PLC0415 - takes 0.3 s and 20 MB

    return otlp_tracing(SERVICE_NAME)
