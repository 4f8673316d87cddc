"""What is counted of model servers of which one dies."""

import asyncio

import numpy as np

from orchestrator.deadline import Deadline
from orchestrator.observer import observed_by
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints
from orchestrator.telemetry.metrics import Metrics
from orchestrator.telemetry.telemetry import Telemetry
from tests.support.ports import held_port
from tests.telemetry.observed_host import NETWORKS
from tests.telemetry.processes import Networks, grpc_server

CALLS = 20


def test_calls_retries_and_ejections_are_counted_by_server(monkeypatch):
    # No call is late, and sent to the other server too, since the machine holds up this process.
    monkeypatch.setattr("orchestrator.predict.rules.hedge._LEAST_LATE_S", 60.0)
    telemetry, nobodys = Telemetry(Metrics()), held_port()
    dead = f"127.0.0.1:{nobodys.getsockname()[1]}"

    async def predict_all(alive):
        with observed_by(telemetry):
            predictor = BalancedPredictor(StaticEndpoints({"rnet": (alive, dead)}))
            await predictor.start()
            try:
                crops = {"crops": np.zeros((3, 24, 24, 3), np.uint16)}
                for _ in range(CALLS):
                    await predictor.predict("rnet", crops, deadline=Deadline(20))
            finally:
                await predictor.close()

    with nobodys, grpc_server(Networks(NETWORKS)) as (_, alive):
        asyncio.run(predict_all(alive))

    def value(name, **labels):
        return telemetry.metrics.registry.get_sample_value(f"facegrid_model_{name}", {"model": "rnet", **labels})

    assert value("calls_total", version="1", endpoint=alive, code="OK") == CALLS
    failed = value("calls_total", version="", endpoint=dead, code="UNAVAILABLE")
    assert failed == value("retries_total", code="UNAVAILABLE") == value("ejections_total", endpoint=dead) >= 1
    assert value("batch_rows_sum") == 3 * (CALLS + failed)
    assert value("queue_duration_seconds_count") == CALLS
    assert value("calls_in_flight", endpoint=alive) == value("calls_in_flight", endpoint=dead) == 0
