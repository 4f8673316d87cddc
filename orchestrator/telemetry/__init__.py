"""Metrics, traces and logs of the service, made of the events that `telemetry.py` receives."""
