"""How a call reaches a replica: the environment that chooses between Ray Serve's ingresses.

`haproxy`: client -> HAProxy -> the replica's own gRPC server. The public port is on loopback.
`python`: client -> Ray's Python proxy -> the replica, over gRPC between the two. Ray lets this
proxy listen on every interface only.

Ray reads these variables on import, in each of its processes, so they are set on the one that starts Ray.
benchmarks/speed/ingress.py measures both.
"""

from pathlib import Path

from orchestrator.app.errors import StackError
from orchestrator.app.ports import free_block, free_ports

_WINDOW_BYTES = 4 * 2**20  # HTTP/2's default of 64 KB makes a picture wait for several round trips
_STREAMS = 1000  # calls at a time on one connection; HAProxy's default of 100 queues the rest
_MESSAGE_BYTES = 64 * 2**20  # between proxy and replica; the default of 4 MB refuses large photos

_REPLICA_PORTS = 100  # of one stack; Ray takes one of each kind for a replica
_HTTP_PORTS, _GRPC_PORTS = (20_000, 24_999), (25_000, 29_999)  # below those of `free_ports`

# Handlers run on the event loop that reads the network: a stream whose handler is slow is then read slowly,
# where a loop of its own would read ahead without bound. Their CPU work is in threads anyway.
_COMMON = {
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_SERVE_LOG_TO_STDERR": "0",
    # The proxy starts beside model servers that import TensorFlow; after 5 s Ray would kill and restart it.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    # A dead ingress is replaced after three failed checks: 30 s with Ray's default period, 3 s with this one.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "0.5",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "2",
    "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1",  # entries are written at once, not after 999 others
}


def ingress_environment(ingress: str, run_dir: Path) -> dict[str, str]:
    """Returns the variables for an ingress whose files lie in `run_dir`.

    Raises:
        StackError: There is no such ingress.
    """
    if ingress == "python":
        return _COMMON | {
            "RAY_SERVE_ENABLE_DIRECT_INGRESS": "0",  # which the first variable would set
            "RAY_SERVE_PROXY_USE_GRPC": "1",  # which it would not
            "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": str(_MESSAGE_BYTES),
        }
    if ingress == "haproxy":
        return _COMMON | _haproxy(run_dir / "h")
    raise StackError(f"there is no ingress {ingress!r}", "choose haproxy or python")


def _haproxy(folder: Path) -> dict[str, str]:
    # Names of one letter: Ray adds a folder of 56 characters, and HAProxy allows sockets of 97 characters in all.
    # Ray's defaults for these ports are fixed: a second stack on the machine would collide with the first.
    stats, metrics, fallback_http, fallback_grpc = free_ports(4)
    # Replicas listen with SO_REUSEPORT, which shares a port with other processes: with ports of Ray's fixed ranges,
    # two stacks would answer each other's calls.
    http, grpc = free_block(*_HTTP_PORTS, _REPLICA_PORTS), free_block(*_GRPC_PORTS, _REPLICA_PORTS)
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "a"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "m"),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(stats),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics),
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(fallback_http),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(fallback_grpc),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(http.start),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(http.stop - 1),
        "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": str(grpc.start),
        "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": str(grpc.stop - 1),
        "RAY_SERVE_HAPROXY_NBTHREAD": "2",
        "RAY_SERVE_HAPROXY_H2_FE_MAX_CONCURRENT_STREAMS": str(_STREAMS),
        "RAY_SERVE_HAPROXY_H2_BE_MAX_CONCURRENT_STREAMS": str(_STREAMS),
        "RAY_SERVE_HAPROXY_H2_FE_INITIAL_WINDOW_SIZE": str(_WINDOW_BYTES),
        "RAY_SERVE_HAPROXY_H2_BE_INITIAL_WINDOW_SIZE": str(_WINDOW_BYTES),
        # On one machine no load balancer has to notice the end; the default keeps `down` waiting for 30 s.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
    }
