"""Where our log entries go in a replica of Ray Serve."""

import logging


def log_to_serves_files() -> None:
    """Sends our log entries where Ray Serve's go: the replica's log file, and the terminal if that is set."""
    ours = logging.getLogger("orchestrator")
    ours.setLevel(logging.INFO)
    ours.handlers = list(logging.getLogger("ray.serve").handlers)
