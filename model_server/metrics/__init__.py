"""Counters and histograms, what is counted, and the page that Prometheus reads."""
