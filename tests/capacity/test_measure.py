"""What the metrics of a process say of its pictures, with the registry that the orchestrator itself fills."""

import pytest

from orchestrator.capacity.errors import CannotPlan
from orchestrator.capacity.measure import measured
from orchestrator.capacity.profile import parse_profile
from orchestrator.telemetry.metrics import Metrics
from tests.capacity.measured_page import page


def test_calls_are_counted_by_picture_over_all_servers_and_timed_on_average():
    table = measured("", page(200, [0.02, 0.04], Metrics()))
    kind = parse_profile(table).kinds["measured"]
    (step,) = kind.steps
    assert (step.network, step.calls) == ("pnet", 2.0)
    assert step.times.mean_s == pytest.approx(0.03)
    assert kind.px == 1_000
    assert kind.processor.mean_s > 0


def test_only_what_lies_between_two_pages_counts():
    metrics = Metrics()
    before = page(500, [1.0], metrics)
    table = measured(before, page(200, [0.02], metrics))
    assert table["sizes"]["measured"]["pnet"] == {"calls": 2.0, "ms": 20.0, "cv": 0.0}


def test_times_that_spread_have_a_deviation():
    # Half in the bucket of 10 to 25 ms, half in that of 50 to 100: centres 17.5 and 75, uniform within.
    kind = measured("", page(200, [0.02, 0.08], Metrics()))["sizes"]["measured"]["pnet"]
    variance = ((75 - 17.5) / 2) ** 2 + (15**2 + 50**2) / 2 / 12
    assert kind["cv"] == pytest.approx(variance**0.5 / 50, rel=1e-3)


@pytest.mark.parametrize("pictures", [0, 99])
def test_too_few_pictures_are_refused_with_both_numbers(pictures):
    with pytest.raises(CannotPlan, match=f"^{pictures} pictures were seen, 100 are needed"):
        measured("", page(pictures, [0.02], Metrics()))
