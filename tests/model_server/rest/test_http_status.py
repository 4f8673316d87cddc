"""Which HTTP status answers an error: upstream's table (`ToHTTPStatusCode` in model_servers/http_server.cc)."""

import grpc

from model_server.rest.http_status import HTTP_STATUSES, http_status


def test_every_error_has_a_status():
    assert set(HTTP_STATUSES) == set(grpc.StatusCode) - {grpc.StatusCode.OK}
    assert all(400 <= http_status(code) < 600 for code in HTTP_STATUSES)


def test_the_status_says_whose_fault_it_is():
    theirs = {code.name for code in HTTP_STATUSES if http_status(code) < 500}
    assert theirs == {
        "CANCELLED", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNAUTHENTICATED",
    }  # fmt: skip
