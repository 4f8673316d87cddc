"""Counters and histograms, what they count, and the page that Prometheus reads."""
