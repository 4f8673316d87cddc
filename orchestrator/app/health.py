"""Calls the standard health check of the service, grpc.health.v1.Health/Check."""

import grpc

from facegrid.answers.faces import Health
from facegrid.client import health


def service_health(address: str, *, timeout_s: float) -> Health | None:
    """Returns the health that the service reports, or None if it does not answer."""
    with grpc.insecure_channel(address, [("grpc.enable_retries", 0), ("grpc.enable_http_proxy", 0)]) as channel:
        check = channel.unary_unary(
            health.METHOD,
            request_serializer=health.serialize_request,
            response_deserializer=health.parse_response,
        )
        try:
            return Health(check(health.REQUEST, timeout=timeout_s))
        except grpc.RpcError:
            return None
