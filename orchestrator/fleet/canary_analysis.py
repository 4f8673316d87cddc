"""Whether a canary version does as well as the stable one. Pure."""

from dataclasses import dataclass

from orchestrator.predict.call_stats import CallStats


@dataclass(frozen=True, kw_only=True)
class CanaryLimits:
    """How much worse a new version may be."""

    least_calls: int = 50
    """Fewer calls of the new version say nothing about it."""
    error_rate_above: float = 0.01
    """Its error rate minus the stable version's, at most; range [0, 1]."""
    slower: float = 1.5
    """Its median and its 99th percentile of answer times, divided by the stable version's, at most."""


def regressions(stable: CallStats, canary: CallStats, limits: CanaryLimits) -> list[str]:
    """Returns how the new version is worse than allowed, with the numbers; nothing where it is good enough."""
    if canary.calls < limits.least_calls:
        return [f"it has answered {canary.calls} calls, at least {limits.least_calls} are needed"]
    found = []
    most = stable.error_rate + limits.error_rate_above
    if canary.error_rate > most:
        found.append(f"{canary.error_rate:.2%} of its calls failed, at most {most:.2%} may")
    for name, share in (("median", 0.5), ("99th percentile", 0.99)):
        known, new = stable.quantile_s(share), canary.quantile_s(share)
        if new > limits.slower * known:  # nan, and so false, without calls of the stable version
            found.append(
                f"the {name} of its times is {new * 1000:.0f} ms, "
                f"at most {limits.slower:g} x {known * 1000:.0f} ms is allowed"
            )
    return found


def summarize(tally: CallStats) -> dict[str, float | int | None]:
    """Returns the figures of a version for people: calls, error rate, and times in milliseconds."""

    def milliseconds(share: float) -> float | None:
        seconds = tally.quantile_s(share)
        return None if seconds != seconds else round(seconds * 1000, 1)  # noqa: PLR0124 - nan

    return {
        "calls": tally.calls,
        "error_rate": tally.error_rate,
        "p50_ms": milliseconds(0.5),
        "p99_ms": milliseconds(0.99),
    }
