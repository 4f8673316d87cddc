"""Which HTTP status answers an error. The table is upstream's `ToHTTPStatusCode` in model_servers/http_server.cc."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import grpc

CLIENT_CLOSED_REQUEST = 499

HTTP_STATUSES: Mapping[grpc.StatusCode, int] = MappingProxyType(
    {
        grpc.StatusCode.CANCELLED: CLIENT_CLOSED_REQUEST,
        grpc.StatusCode.UNKNOWN: HTTPStatus.INTERNAL_SERVER_ERROR,
        grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
        grpc.StatusCode.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
        grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS: HTTPStatus.CONFLICT,
        grpc.StatusCode.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
        grpc.StatusCode.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
        grpc.StatusCode.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
        grpc.StatusCode.ABORTED: HTTPStatus.CONFLICT,
        grpc.StatusCode.OUT_OF_RANGE: HTTPStatus.BAD_REQUEST,
        grpc.StatusCode.UNIMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
        grpc.StatusCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
        grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS: HTTPStatus.INTERNAL_SERVER_ERROR,
        grpc.StatusCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    }
)


def http_status(code: grpc.StatusCode) -> int:
    """Returns the HTTP status of a gRPC code."""
    return HTTP_STATUSES.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)
