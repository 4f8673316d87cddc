"""What operators see of the service: metrics, traces and logs, all fed by `telemetry.py`, which listens to the work."""
