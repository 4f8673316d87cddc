"""What the REST API sends back: a status and a body, also for an error."""

from dataclasses import dataclass

from model_server.errors import ServingError
from model_server.rest.http_status import http_status
from model_server.rest.json_values import encoded, json_object, quoted


@dataclass(frozen=True)
class HttpResponse:
    """A response, ready to be sent."""

    status: int
    body: bytes
    content_type: str = "application/json"


def error_response(error: ServingError) -> HttpResponse:
    """Returns the response to a request that failed."""
    return HttpResponse(http_status(error.code), encoded(error_json(error.message)))


def error_json(message: str) -> str:
    """Returns the body of an error."""
    return json_object({"error": quoted(message)}, 0)
