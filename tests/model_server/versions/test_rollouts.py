"""Versions replace each other under traffic: no request fails, and no version stays in memory."""

from benchmarks.common.trend import trend
from benchmarks.reliability.rollouts import measure

WEIGHTS_MB = 64


def test_rollouts_and_rollbacks_under_traffic(tmp_path):
    """The short form of `make rollouts`."""
    found = measure(tmp_path, swaps=8, callers=3, weights_mb=WEIGHTS_MB, rollback_every=3)
    assert found.failures == []
    assert len(found.swaps_s) == 8
    assert {answer.version for answer in found.answers} >= {1, 2, 3}
    # Less than the weights of one version: none of the eight that were unloaded is still there.
    assert max(found.resident_mb) - min(found.resident_mb) < WEIGHTS_MB, found.resident_mb


def test_the_line_through_numbers_is_the_least_squares_line():
    """By hand for 1, 2, 2, 4: the residuals are 0.1, 0.2, -0.7 and 0.4, and their squares sum to 0.7."""
    line = trend([1, 2, 2, 4])
    assert (round(line.slope, 9), round(line.intercept, 9)) == (0.9, 0.9)
    half = 1.96 * (0.7 / 2 / 5) ** 0.5
    assert abs(line.high - line.slope - half) < 1e-9
    assert abs(line.slope - line.low - half) < 1e-9
