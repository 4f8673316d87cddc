"""Requests made wrong, for `benchmarks.reliability.fuzz`."""
