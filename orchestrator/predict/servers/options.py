"""The options of the client of the model servers."""

from dataclasses import dataclass

from orchestrator.predict.rules.choose import COMPARED
from orchestrator.predict.servers.tls import ModelServerTls


@dataclass(frozen=True, kw_only=True)
class BalanceOptions:
    """Bounds and times of the client of the model servers; the settings of docs/configuration.md."""

    endpoint_refresh_s: float = 2.0
    """Pause before the source is asked again where the servers are."""
    max_calls: int = 16
    """Calls of one model under way on one server."""
    max_calls_queued: int = 256
    """Calls of one model that may wait; the next one is refused at once."""
    compared: int = COMPARED
    """Servers that are compared for each call; no setting, see `choose`."""
    hedged_percent: float = 0.0
    """Slowest calls that are sent to a second server too, in percent; 0: only calls to servers that seem frozen."""
    tls: ModelServerTls | None = None
    """For encrypted channels to the servers; None: in the clear."""
