"""Why the local stack cannot be started or stopped."""

from orchestrator.fleet.errors import FleetError


class StackError(FleetError):
    """A sentence on what is wrong, and one on what to do about it."""
