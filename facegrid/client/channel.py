"""Settings of the client's gRPC channel: options, time limits, and the form of a target."""

import json
import re

from facegrid.client.retries import RETRIES
from facegrid.errors import InvalidOption

DEFAULT_TARGET = "127.0.0.1:9000"

TIMEOUT_GRACE_S = 0.5
"""Seconds that a call waits beyond its `timeout_s`, so that the service's own error, which says more, arrives first."""

HUNG_SERVICE_S = 120.0
"""Longest wait for an answer when the caller set no limit: the service has one of its own, which is shorter."""

CHANNEL_OPTIONS: tuple[tuple[str, str | int], ...] = (
    ("grpc.max_send_message_length", -1),  # the service has limits of its own, and says which
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_retries", 1),
    ("grpc.service_config", json.dumps(RETRIES)),
    # A call whose messages exceed this is not retried; gRPC's default of 256 KiB is less than most photos.
    ("grpc.per_rpc_retry_buffer_size", 256 << 20),
    # A refused connection is tried again at the pace of the retries. gRPC's default is 1 s and more:
    # all retries would fail unsent meanwhile.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # A new client starts with connections of its own, not with the backoff of a failed one.
    ("grpc.use_local_subchannel_pool", 1),
    # The service is usually on the caller's own network, and gRPC would send even 127.0.0.1 through $http_proxy.
    ("grpc.enable_http_proxy", 0),
    # No grpc.keepalive_*: Ray Serve's proxy answers pings with GOAWAY "too_many_pings".
)

_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})")
_GRPC_URI = re.compile(r"(dns|unix|unix-abstract|ipv4|ipv6|xds):\S+")


def check_target(target: str) -> str:
    """Returns the target unchanged.

    Raises:
        InvalidOption: it is neither HOST:PORT (port 1 to 65535) nor a gRPC URI such as unix:/run/facegrid.sock.
    """
    match = _HOST_AND_PORT.fullmatch(target)
    if _GRPC_URI.fullmatch(target) or (match and 1 <= int(match[2]) <= 65535):
        return target
    raise InvalidOption(f"a target is HOST:PORT with a port of 1 to 65535, such as {DEFAULT_TARGET}; got {target!r}")
